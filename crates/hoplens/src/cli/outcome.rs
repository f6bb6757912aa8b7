//! The outcomes of commands.

/// The outcome of a command. Each has its own exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CommandOutcome {
    /// Nothing is wrong: 0.
    Clean,
    /// There are findings: 1.
    Findings,
    /// Ctrl-C ended the command; the result so far is printed: 130.
    Interrupted,
}
