//! What rendering a prompt has to report.

use std::ops::Range;

use crate::declarations::spanned::Origin;
use crate::diagnostics::code::Code;
use crate::diagnostics::problem::Problem;
use crate::diagnostics::severity::Severity;
use crate::template::failure::Failure;

/// Findings of one kind in one prompt; who has more reads none of them.
pub(crate) const MANY: usize = 100;

/// A problem of the prompt file itself.
pub(crate) fn problem(
    code: Code,
    severity: Severity,
    range: Range<usize>,
    message: String,
) -> Problem {
    Problem {
        code,
        severity,
        message,
        range,
        origin: Origin::FrontMatter,
    }
}

/// The problem of a template, which begins at byte `base` of the file, that cannot be rendered.
pub(crate) fn not_rendered(failure: &Failure, base: usize) -> Problem {
    problem(
        failure.code,
        Severity::Error,
        base + failure.range.start..base + failure.range.end,
        format!(
            "The template cannot be rendered, so its cases are not asked: {}",
            failure.message
        ),
    )
}

/// The problem of a tag whose variable has no value; `remedy` ends "Give it one in …".
pub(crate) fn unset_variable(range: Range<usize>, name: &str, remedy: &str) -> Problem {
    let message = format!(
        "The variable `{name}` has no value, so nothing is written here. Give it one in {remedy}."
    );
    problem(Code::UnsetVariable, Severity::Warning, range, message)
}
