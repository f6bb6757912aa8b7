//! How bad a finding is.

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Nothing to worry about.
    Hint,
    /// Worth knowing.
    Information,
    /// Probably not what the author meant.
    Warning,
    /// Certainly wrong; the part that it is about is left out.
    Error,
}
