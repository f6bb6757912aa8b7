//! What is wrong with a prompt file, and what its author asked not to hear.

use std::ops::Range;

use crate::case::Origin;

/// The code of every [`Problem`].
pub const FRONT_MATTER: &str = "front-matter";

/// The codes of all diagnostics of hoplens, as `hoplens-ignore` accepts them.
pub const CODES: [&str; 12] = [
    "hop-lost",
    "hop-unknown",
    "answer-unknown",
    "answer-shortcut",
    "answer-unlikely",
    "hop-inconsistent",
    "injection-stale",
    "injection-harmful",
    "token-split",
    "trailing-space",
    FRONT_MATTER,
    "unknown-model",
];

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Nothing to worry about.
    Hint,
    /// Worth knowing.
    Information,
    /// Probably not what the author meant.
    Warning,
    /// Certainly not; the piece is left out.
    Error,
}

/// Something in a prompt file or its sidecar that its author should mend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The diagnostic's code, see [`CODES`].
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// The thing, the cause and the remedy.
    pub message: String,
    /// Bytes of the file named by `origin`.
    pub range: Range<usize>,
    /// [`Origin::FrontMatter`] stands for the whole prompt file, its body included.
    pub origin: Origin,
}

/// A diagnostic that the author does not want to see in this file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppression {
    /// The diagnostic's code, see [`CODES`].
    pub code: String,
    /// The bytes that say so, in the file named by `origin`.
    pub range: Range<usize>,
    /// [`Origin::FrontMatter`] stands for the whole prompt file, its body included.
    pub origin: Origin,
}

/// The problems of one file, gathered while it is read.
#[derive(Debug)]
pub(super) struct Problems {
    pub origin: Origin,
    pub list: Vec<Problem>,
}

impl Problems {
    pub fn new(origin: Origin) -> Self {
        Self {
            origin,
            list: Vec::new(),
        }
    }

    pub fn add(&mut self, severity: Severity, range: &Range<usize>, message: impl Into<String>) {
        self.list.push(Problem {
            code: FRONT_MATTER,
            severity,
            message: message.into(),
            range: range.clone(),
            origin: self.origin,
        });
    }

    pub fn error(&mut self, range: &Range<usize>, message: impl Into<String>) {
        self.add(Severity::Error, range, message);
    }

    pub fn warn(&mut self, range: &Range<usize>, message: impl Into<String>) {
        self.add(Severity::Warning, range, message);
    }
}

/// ` Did you mean …?`, or nothing where no candidate is near.
pub(super) fn did_you_mean(word: &str, candidates: &[&str]) -> String {
    similar::get_close_matches(word, candidates, 1, 0.6)
        .first()
        .map(|near| format!(" Did you mean `{near}`?"))
        .unwrap_or_default()
}
