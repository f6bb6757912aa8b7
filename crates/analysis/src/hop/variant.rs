//! The prompt changed in one thing.

/// What is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variant {
    /// The prompt without one of its injections (index into [`crate::CaseQuery::injections`]).
    Without(usize),
    /// With a space before that injection's memory, which has none.
    Spaced(usize),
    /// With the answers just as they are declared, no space added.
    Literal,
    /// Without the spaces at the prompt's end.
    Trimmed,
    /// With the first token of the first answer behind the prompt; its next tokens are what counts.
    FirstAnswerToken,
}
