//! A finding of the lint, with the edit that corrects it.

use std::ops::Range;

use crate::declarations::spanned::Origin;
use crate::diagnostics::code::Code;
use crate::diagnostics::problem::Problem;
use crate::diagnostics::severity::Severity;
use crate::edit::file_edit::{FileEdit, TextEdit};

/// An edit that corrects a problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LintFix {
    /// The code of the problem.
    pub code: Code,
    /// The bytes of the problem.
    pub range: Range<usize>,
    /// The file of the problem.
    pub origin: Origin,
    /// What the edit does.
    pub title: String,
    /// The edit.
    pub edit: FileEdit,
    /// Whether the edit is the likely correction, and not only a possible one.
    pub is_likely: bool,
}

/// A problem and the edits that correct it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LintFinding {
    pub problem: Problem,
    pub fixes: Vec<LintFix>,
}

impl From<Problem> for LintFinding {
    fn from(problem: Problem) -> Self {
        Self {
            problem,
            fixes: Vec::new(),
        }
    }
}

impl LintFinding {
    /// Returns a finding of the code's usual severity in the prompt file.
    pub fn new(code: Code, range: Range<usize>, message: String) -> Self {
        Self::from(Problem::new(code, code.severity(), range, message))
    }

    pub fn about(mut self, variable: &str) -> Self {
        self.problem.variable = Some(variable.to_owned());
        self
    }

    pub fn with_severity(mut self, severity: Severity) -> Self {
        self.problem.severity = severity;
        self
    }

    pub fn in_file(mut self, origin: Origin) -> Self {
        self.problem.origin = origin;
        self
    }

    /// Adds an edit of the file that the problem is in.
    pub fn with_fix(mut self, title: String, edit: TextEdit, is_likely: bool) -> Self {
        self.fixes.push(LintFix {
            code: self.problem.code,
            range: self.problem.range.clone(),
            origin: self.problem.origin,
            title,
            edit: FileEdit {
                target: self.problem.origin,
                edits: vec![edit],
                creates: false,
            },
            is_likely,
        });
        self
    }

    /// Adds the edit that replaces the problem's bytes by a suggested name, if there is one.
    pub fn with_replacement(self, name: Option<&str>) -> Self {
        let Some(name) = name else {
            return self;
        };
        let edit = TextEdit {
            range: self.problem.range.clone(),
            new_text: name.to_owned(),
        };
        self.with_fix(format!("Replace by `{name}`"), edit, true)
    }
}
