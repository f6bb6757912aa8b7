//! The severity of a finding.

/// The severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// No reason for concern.
    Hint,
    /// Worth knowing.
    Information,
    /// Probably not what the author intended.
    Warning,
    /// Certainly wrong; the part that it concerns is ignored.
    Error,
}
