//! What is wrong with a prompt file, and what its author does not want to see.

use std::ops::Range;

use crate::declarations::spanned::Origin;
use crate::diagnostics::code::Code;
use crate::diagnostics::severity::Severity;

/// Something in a prompt file or its sidecar that its author should correct.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The diagnostic's code.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, why, and what to do.
    pub message: String,
    /// Bytes of the file named by `origin`.
    pub range: Range<usize>,
    /// [`Origin::FrontMatter`] stands for the whole prompt file, its body included.
    pub origin: Origin,
}

/// A diagnostic that the author does not want to see in this file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppression {
    /// The diagnostic's code.
    pub code: Code,
    /// The bytes that say so, in the file named by `origin`.
    pub range: Range<usize>,
    /// [`Origin::FrontMatter`] stands for the whole prompt file, its body included.
    pub origin: Origin,
}

impl Suppression {
    /// Whether findings of `code` are not to be shown.
    pub fn hides(&self, code: Code) -> bool {
        self.code.includes(code)
    }
}

/// The problems of one file, gathered while it is read.
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

/// ` Did you mean …?`, or nothing where no candidate is near.
pub(crate) fn did_you_mean(word: &str, candidates: &[&str]) -> String {
    similar::get_close_matches(word, candidates, 1, 0.6)
        .first()
        .map(|near| format!(" Did you mean `{near}`?"))
        .unwrap_or_default()
}
