//! Variants of a prompt that differ from it in one thing.

/// The change that makes a variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variant {
    /// The prompt without one of its injections (index into [`crate::CaseQuery::injections`]).
    Without(usize),
    /// With a space before the memory of this injection, which has none.
    Spaced(usize),
    /// With the answers exactly as declared, without an added space.
    Literal,
    /// With answers behind which the reply may go on, where it must end.
    Begins,
    /// Without the spaces at the prompt's end.
    Trimmed,
    /// With the first token of the first answer appended. The next tokens are what is read.
    FirstAnswerToken,
}
