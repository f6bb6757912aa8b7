//! Why a template cannot be rendered.

use std::ops::Range;

use crate::diagnostics::code::Code;

/// What is wrong with a template, with the bytes of the template to underline.
#[derive(Debug)]
pub(crate) struct Failure {
    pub code: Code,
    pub message: String,
    pub range: Range<usize>,
}

impl Failure {
    /// An error in the template itself.
    pub fn new(message: impl Into<String>, range: Range<usize>) -> Self {
        Self {
            code: Code::TemplateError,
            message: message.into(),
            range,
        }
    }
}
