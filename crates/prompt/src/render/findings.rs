//! The problems that rendering a prompt reports.

use std::ops::Range;

use crate::diagnostics::code::Code;
use crate::diagnostics::problem::Problem;
use crate::diagnostics::severity::Severity;
use crate::template::failure::Failure;

/// Maximum number of problems of one kind in one prompt; nobody reads more.
pub(crate) const MANY: usize = 100;

/// Returns the problem of a template that cannot be rendered. It begins at byte `base` of the file.
pub(crate) fn not_rendered(failure: &Failure, base: usize) -> Problem {
    Problem::new(
        failure.code,
        Severity::Error,
        base + failure.range.start..base + failure.range.end,
        format!(
            "The template cannot be rendered, so hoplens does not run its cases: {}",
            failure.message
        ),
    )
}

/// Returns the problem of a tag whose variable has no value; `remedy` completes "Give it one in …".
pub(crate) fn unset_variable(range: Range<usize>, name: &str, remedy: &str) -> Problem {
    let message = format!(
        "The variable `{name}` has no value, so nothing is written here. Give it one in {remedy}."
    );
    without_value(range, name, message)
}

/// Returns the problem of the variable `name`, which has no value, with a message of the format.
pub(crate) fn without_value(range: Range<usize>, name: &str, message: String) -> Problem {
    let (code, severity) = (Code::UnsetVariable, Severity::Information);
    Problem {
        variable: Some(name.to_owned()),
        ..Problem::new(code, severity, range, message)
    }
}

/// Returns the problem of a part of a prompt that is not text.
pub(crate) fn missing_part(range: Range<usize>) -> Problem {
    let message = "This part of the prompt is a picture, a sound or a file, which hoplens cannot \
                   give to the model. The text around it is read, and the model is not asked.";
    let (code, severity) = (Code::UnsupportedContent, Severity::Information);
    Problem::new(code, severity, range, message.to_owned())
}

/// Returns the problem of a helper or partial that an application registers.
pub(crate) fn unknown_text(range: Range<usize>) -> Problem {
    let message = "The application writes this part of the prompt, so hoplens cannot know its text. \
                   The text around it is read, and the model is not asked.";
    let (code, severity) = (Code::UnsupportedContent, Severity::Information);
    Problem::new(code, severity, range, message.to_owned())
}
