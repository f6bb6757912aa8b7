//! Why a template cannot be rendered.

use std::ops::Range;

use crate::diagnostics::code::Code;

/// The error of a template, with the bytes of the template that it concerns.
#[derive(Debug)]
pub(crate) struct Failure {
    pub code: Code,
    pub message: String,
    pub range: Range<usize>,
}

impl Failure {
    /// Returns an error in the template itself.
    pub fn new(message: impl Into<String>, range: Range<usize>) -> Self {
        Self {
            code: Code::TemplateError,
            message: message.into(),
            range,
        }
    }
}
