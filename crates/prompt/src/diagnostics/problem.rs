//! Problems of a prompt file, and the codes that its author suppresses.

use std::ops::Range;

use crate::declarations::spanned::Origin;
use crate::diagnostics::code::Code;
use crate::diagnostics::severity::Severity;

/// A problem in a prompt file or its sidecar that the author should correct.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The diagnostic's code.
    pub code: Code,
    /// The severity of the problem.
    pub severity: Severity,
    /// What is wrong, why, and how to correct it.
    pub message: String,
    /// Bytes of the file named by `origin`.
    pub range: Range<usize>,
    /// [`Origin::FrontMatter`] means the whole prompt file, including its body.
    pub origin: Origin,
}

/// A code that the author suppresses in this file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppression {
    /// The diagnostic's code.
    pub code: Code,
    /// The bytes of the suppression, in the file given by `origin`.
    pub range: Range<usize>,
    /// [`Origin::FrontMatter`] means the whole prompt file, including its body.
    pub origin: Origin,
}

impl Suppression {
    /// Whether findings of `code` are suppressed.
    pub fn hides(&self, code: Code) -> bool {
        self.code.includes(code)
    }
}

/// The problems of one file, collected while it is parsed.
#[derive(Debug)]
pub(crate) struct Problems {
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

    pub fn add(
        &mut self,
        code: Code,
        severity: Severity,
        range: &Range<usize>,
        message: impl Into<String>,
    ) {
        self.list.push(Problem {
            code,
            severity,
            message: message.into(),
            range: range.clone(),
            origin: self.origin,
        });
    }

    pub fn error(&mut self, code: Code, range: &Range<usize>, message: impl Into<String>) {
        self.add(code, Severity::Error, range, message);
    }

    pub fn warn(&mut self, code: Code, range: &Range<usize>, message: impl Into<String>) {
        self.add(code, Severity::Warning, range, message);
    }
}

/// Returns ` Did you mean …?`, or an empty text if no candidate is similar.
pub(crate) fn did_you_mean(word: &str, candidates: &[&str]) -> String {
    similar::get_close_matches(word, candidates, 1, 0.6)
        .first()
        .map(|near| format!(" Did you mean `{near}`?"))
        .unwrap_or_default()
}
