//! Reports all problems of a prompt file that can be found without a model.

use crate::declarations::case::Case;
use crate::declarations::spanned::Origin;
use crate::diagnostics::code::Code;
use crate::diagnostics::problem::Problem;
use crate::diagnostics::severity::Severity;
use crate::edit::rewrite::mention_problems;
use crate::file::prompt_file::PromptFile;
use crate::format::prompt_format::PromptFormat;
use crate::render::render;
use crate::render::rendered::Rendered;

/// Returns the problems of the declarations, of every case's rendering and of its mentions, each
/// once.
///
/// `text` is the text that `file` was parsed from.
pub fn all_problems(file: &PromptFile, text: &str) -> Vec<Problem> {
    let mut problems = file.problems.clone();
    let mut add = |more: Vec<Problem>| {
        for problem in more {
            if !problems.contains(&problem) {
                problems.push(problem);
            }
        }
    };
    if file.cases.is_empty() && file.fences.is_empty() {
        let rendered = render(file, text, None);
        add(empty(file, text, None, &rendered).into_iter().collect());
        add(rendered.problems);
    }
    for case in &file.cases {
        let rendered = render(file, text, Some(case));
        add(mention_problems(&rendered, case));
        add(empty(file, text, Some(case), &rendered)
            .into_iter()
            .collect());
        add(rendered.problems);
    }
    problems
}

/// Returns the problem that there is no prompt. `None` if there is one, or if an error already
/// explains why there is none.
fn empty(
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
            "Look at its variables and conditions.",
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
    Some(Problem {
        code: Code::EmptyPrompt,
        severity: match case {
            Some(_) => Severity::Warning,
            None => Severity::Information,
        },
        message: format!("{what}{of_case}. {remedy}"),
        range,
        origin,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::parse;

    /// Returns the severity and the marked text of the problem that there is no prompt.
    fn empty_prompt_problem(name: &str, text: &str) -> Option<(Severity, String)> {
        let problems = all_problems(&parse(name, text, None), text);
        let mut found = problems.iter().filter(|p| p.message.contains("no prompt"));
        let empty_prompt_problem = found.next()?;
        assert!(found.next().is_none(), "{problems:?}");
        Some((
            empty_prompt_problem.severity,
            text[empty_prompt_problem.range.clone()].into(),
        ))
    }

    #[test]
    fn a_file_without_a_prompt_is_reported_once() {
        let worth_knowing = |text: &str| Some((Severity::Information, text.to_owned()));
        assert_eq!(empty_prompt_problem("a.prompt", ""), worth_knowing(""));
        assert_eq!(empty_prompt_problem("a.txt", " \n\n"), worth_knowing(""));
        assert_eq!(
            empty_prompt_problem("a.prompt", "---\nmodel: x\n---\n"),
            worth_knowing("---")
        );
        assert_eq!(
            empty_prompt_problem("a.prompty", "---\nname: x\n---\n\n"),
            worth_knowing("---")
        );
        assert_eq!(
            empty_prompt_problem("a.prompt.yml", "messages: []\n"),
            worth_knowing("messages: []")
        );
        assert_eq!(
            empty_prompt_problem("a.prompt", "{{#if x}}a{{/if}}"),
            worth_knowing("{{#if x}}a{{/if}}")
        );
        assert_eq!(
            empty_prompt_problem("a.prompt", "The capital of France is"),
            None
        );
        // Errors are reported already.
        assert_eq!(empty_prompt_problem("a.prompt", "{{#if x}}a"), None);
        assert_eq!(empty_prompt_problem("a.prompt.yml", "name: a\n"), None);
    }

    #[test]
    fn cases_without_a_prompt_are_warnings() {
        let text = "---\nhoplens.cases:\n  - expect: \" x\"\n  - expect: y\n---\n\n";
        assert_eq!(
            empty_prompt_problem("a.prompt", text),
            Some((Severity::Warning, "---".into()))
        );
        let text = "---\nhoplens.cases:\n  - {input: {x: true}, expect: a}\n\
                    \x20 - {input: {x: false}, expect: b}\n---\n{{#if x}}a{{/if}}";
        let case = "{input: {x: false}, expect: b}";
        assert_eq!(
            empty_prompt_problem("a.prompt", text),
            Some((Severity::Warning, case.into()))
        );
    }
}
