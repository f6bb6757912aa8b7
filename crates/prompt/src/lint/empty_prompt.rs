//! Reports that a file contains no prompt, or that a case renders none.

use crate::declarations::case::Case;
use crate::declarations::spanned::Origin;
use crate::diagnostics::code::Code;
use crate::diagnostics::problem::Problem;
use crate::diagnostics::severity::Severity;
use crate::file::prompt_file::PromptFile;
use crate::format::prompt_format::PromptFormat;
use crate::render::rendered::Rendered;

/// Returns the problem that there is no prompt. `None` if there is one, or if an error already
/// explains why there is none.
pub(crate) fn empty(
    file: &PromptFile,
    text: &str,
    case: Option<&Case>,
    rendered: &Rendered,
) -> Option<Problem> {
    if file.format == PromptFormat::Promptfoo {
        return None;
    }
    let mut problems = file.problems.iter().chain(&rendered.problems);
    let mut turns = rendered.turns.iter();
    if !turns.all(|turn| turn.text.text.trim().is_empty())
        || problems.any(|p| p.severity == Severity::Error)
    {
        return None;
    }
    let written = text.get(file.body.clone()).unwrap_or_default().trim();
    let (what, remedy) = match (file.format, &file.front_matter) {
        (PromptFormat::Github, _) => ("There is no prompt", "Give `messages` a `content`."),
        _ if !written.is_empty() => (
            "There is no prompt: the template makes no text",
            "Check its variables and conditions.",
        ),
        (_, Some(_)) => ("There is no prompt", "Write it below the front matter."),
        (_, None) => ("There is no prompt", "Write it into the file."),
    };
    // A template may render no text for one case only.
    let of_case = case.filter(|_| !written.is_empty());
    let (range, origin) = match (of_case, &file.front_matter) {
        (Some(case), _) => (case.range.clone(), case.origin),
        (None, Some(yaml)) if written.is_empty() => {
            let fence = text.get(yaml.end..).unwrap_or_default();
            let skipped = fence.len() - fence.trim_start().len();
            let start = yaml.end + skipped;
            let fence = fence.trim_start().lines().next().unwrap_or_default();
            (start..start + fence.trim_end().len(), Origin::FrontMatter)
        }
        (None, _) => {
            let body = text.get(file.body.clone()).unwrap_or_default();
            let start = file.body.start + body.len() - body.trim_start().len();
            (start..start + written.len(), Origin::FrontMatter)
        }
    };
    let of_case = of_case.map_or(String::new(), |_| " for this case".into());
    let severity = match case {
        Some(_) => Severity::Warning,
        None => Severity::Information,
    };
    let message = format!("{what}{of_case}. {remedy}");
    Some(Problem::new(Code::EmptyPrompt, severity, range, message).in_file(origin))
}
