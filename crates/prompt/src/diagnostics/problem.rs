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
    /// The name that probably should stand in `range`.
    pub suggestion: Option<String>,
    /// The variable that it is about.
    pub variable: Option<String>,
}

impl Problem {
    /// Returns a problem of the prompt file itself, without a suggestion.
    pub fn new(code: Code, severity: Severity, range: Range<usize>, message: String) -> Self {
        Self {
            code,
            severity,
            message,
            range,
            origin: Origin::FrontMatter,
            suggestion: None,
            variable: None,
        }
    }

    /// Moves the problem to the file of `origin`.
    #[must_use]
    pub fn in_file(self, origin: Origin) -> Self {
        Self { origin, ..self }
    }

    /// Notes the name that probably should stand in its range.
    pub(crate) fn suggest(&mut self, name: Option<&str>) {
        self.suggestion = name.map(str::to_owned);
    }
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

    /// Adds a problem and returns it.
    pub fn add(
        &mut self,
        code: Code,
        severity: Severity,
        range: &Range<usize>,
        message: impl Into<String>,
    ) -> &mut Problem {
        let problem = Problem::new(code, severity, range.clone(), message.into());
        let place = self.list.len();
        self.list.push(problem.in_file(self.origin));
        &mut self.list[place]
    }

    /// Adds an error and returns it.
    pub fn error(
        &mut self,
        code: Code,
        range: &Range<usize>,
        message: impl Into<String>,
    ) -> &mut Problem {
        self.add(code, Severity::Error, range, message)
    }

    /// Adds a warning and returns it.
    pub fn warn(
        &mut self,
        code: Code,
        range: &Range<usize>,
        message: impl Into<String>,
    ) -> &mut Problem {
        self.add(code, Severity::Warning, range, message)
    }
}
