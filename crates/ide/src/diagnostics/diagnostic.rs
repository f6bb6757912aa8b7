//! One finding as an editor underlines it.

use std::ops::Range;

use hoplens_prompt::{Code, Origin, Problem, Severity};

/// A finding to underline in a prompt file or its sidecar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable code; `docs/diagnostics/` has a page for each.
    pub code: Code,
    /// How severe it is.
    pub severity: Severity,
    /// What is wrong, with its numbers, and what to do.
    pub message: String,
    /// Bytes of the file that `origin` names.
    pub range: Range<usize>,
    /// [`Origin::FrontMatter`] is the prompt file itself, body included.
    pub origin: Origin,
    /// Index into the findings' cases, if it belongs to one.
    pub case: Option<usize>,
    /// Places that show the evidence.
    pub related: Vec<RelatedInformation>,
}

/// A place that a diagnostic refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelatedInformation {
    /// Bytes of the file that `origin` names.
    pub range: Range<usize>,
    /// The file.
    pub origin: Origin,
    /// What it shows.
    pub message: String,
}

impl Diagnostic {
    /// Returns a finding with the usual severity of its code, about the file as a whole.
    pub(crate) fn new(code: Code, message: String, range: Range<usize>, origin: Origin) -> Self {
        Self {
            code,
            severity: code.severity(),
            message,
            range,
            origin,
            case: None,
            related: Vec::new(),
        }
    }
}

impl From<Problem> for Diagnostic {
    fn from(problem: Problem) -> Self {
        Self {
            code: problem.code,
            severity: problem.severity,
            message: problem.message,
            range: problem.range,
            origin: problem.origin,
            case: None,
            related: Vec::new(),
        }
    }
}
