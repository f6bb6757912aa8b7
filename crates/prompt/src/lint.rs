//! Reports all problems of a prompt file that can be found without a model.

mod declaration_fixes;
mod empty_prompt;
pub(crate) mod finding;
mod foreign_template;
pub(crate) mod handlebars_uses;
mod handlebars_words;
mod helpers;
pub(crate) mod inputs;
pub(crate) mod jinja_uses;
mod lint_context;
mod missing_values;
mod removal;
mod roles;
mod samples;
pub(crate) mod template_uses;
pub(crate) mod uses;
pub(crate) mod value_type;
mod variables;

use std::collections::BTreeSet;

use crate::declarations::case::Case;
use crate::diagnostics::code::Code;
use crate::diagnostics::problem::Problem;
use crate::edit::file_edit::edited;
use crate::edit::preserves_declarations::errors;
use crate::edit::rewrite::mention_problems;
use crate::file::prompt_file::PromptFile;
use crate::format::prompt_format::PromptFormat;
use crate::lint::empty_prompt::empty;
use crate::lint::finding::{LintFinding, LintFix};
use crate::lint::lint_context::LintContext;
use crate::lint::missing_values::MissingValues;
use crate::render::render;

/// Returns the problems of the declarations, of the template in every branch, of every case's
/// rendering and of its mentions, each once.
///
/// `text` is the text that `file` was parsed from.
pub fn all_problems(file: &PromptFile, text: &str) -> Vec<Problem> {
    let problems = lint(file, text).into_iter();
    problems.map(|finding| finding.problem).collect()
}

/// Returns the edits that correct problems of [`all_problems`]. After each of them the declarations
/// have no further error.
pub fn lint_fixes(file: &PromptFile, text: &str) -> Vec<LintFix> {
    let fixes = lint(file, text)
        .into_iter()
        .flat_map(|finding| finding.fixes);
    fixes
        .filter(|fix| errors(&edited(file, text, &fix.edit).0) <= errors(file))
        .collect()
}

fn lint(file: &PromptFile, text: &str) -> Vec<LintFinding> {
    let declared = file.problems.iter().cloned().map(LintFinding::from);
    let mut found: Vec<LintFinding> = declared
        .map(|finding| declaration_fixes::with_fix(file, text, finding))
        .collect();
    let contexts = contexts(file, text);
    found.extend(contexts.iter().flat_map(of_prompt));
    let codes: BTreeSet<Code> = found.iter().map(|finding| finding.problem.code).collect();
    let mut missing = MissingValues::new(file, text, &found);
    let mut add = |problems: Vec<Problem>| {
        // A rule has found these already, wherever they are.
        let is_known = |problem: &Problem| {
            let is_rule = matches!(
                problem.code,
                Code::UnknownHelper | Code::UnknownPartial | Code::CircularPartial
            );
            is_rule && codes.contains(&problem.code)
        };
        for problem in problems {
            if !is_known(&problem) && found.iter().all(|one| one.problem != problem) {
                found.push(problem.into());
            }
        }
    };
    let cases = file.cases.iter().map(Some);
    let without_case = file.cases.is_empty() && file.fences.is_empty();
    for case in without_case.then_some(None).into_iter().chain(cases) {
        let mut rendered = render(file, text, case);
        let declared = case.filter(|case| is_declared(case));
        let fence = case.and_then(|case| case.fence).unwrap_or(0);
        let is_filled_later = match declared {
            // The finding about the variable says why there is no text.
            Some(_) => !rendered.unset.is_empty(),
            None => contexts
                .get(fence)
                .is_some_and(LintContext::is_filled_later),
        };
        if !is_filled_later {
            add(empty(file, text, declared, &rendered).into_iter().collect());
        }
        let problems = std::mem::take(&mut rendered.problems);
        let (unset, other): (Vec<_>, Vec<_>) = problems
            .into_iter()
            .partition(|problem| problem.code == Code::UnsetVariable);
        if let Some(case) = declared {
            add(mention_problems(&rendered, case));
            missing.add(case, &rendered.unset, &unset);
        }
        let may_render = contexts
            .get(fence)
            .is_some_and(LintContext::may_render_later);
        let is_early = |problem: &Problem| {
            declared.is_none() && may_render && problem.code == Code::TemplateError
        };
        add(other.into_iter().filter(|one| !is_early(one)).collect());
    }
    found.extend(missing.found);
    drop_names_of_broken_templates(file, &mut found);
    foreign_template::soften(file, text, &mut found);
    found
}

/// Drops what is said about names if the template cannot be read: which names it uses is unknown
/// then, and a template of another language would have many findings instead of one.
fn drop_names_of_broken_templates(file: &PromptFile, found: &mut Vec<LintFinding>) {
    let is_broken = |finding: &LintFinding| finding.problem.code == Code::TemplateError;
    if !file.fences.is_empty() || !found.iter().any(is_broken) {
        return;
    }
    found.retain(|finding| {
        !matches!(
            finding.problem.code,
            Code::UnknownHelper
                | Code::UndeclaredVariable
                | Code::UnusedVariable
                | Code::ShadowedVariable
        )
    });
}

/// Whether the author wrote the case; a fence of Markdown without one has an empty case.
fn is_declared(case: &Case) -> bool {
    case.fence.is_none() || !case.range.is_empty()
}

/// Returns the prompts of a file: itself, or its fences.
fn contexts<'a>(file: &'a PromptFile, text: &'a str) -> Vec<LintContext<'a>> {
    if file.format == PromptFormat::Promptfoo {
        return Vec::new();
    }
    if file.format != PromptFormat::Markdown {
        let sidecar = file.sidecar.as_deref().unwrap_or_default();
        return vec![LintContext::new(
            file,
            text,
            sidecar,
            &mut file.cases.iter(),
        )];
    }
    let fences = file.fences.iter().enumerate();
    let context = |(at, fence): (usize, &'a PromptFile)| {
        let mut cases = file.cases.iter().filter(|case| case.fence == Some(at));
        LintContext::new(fence, text, "", &mut cases)
    };
    fences.map(context).collect()
}

/// Applies every rule to one prompt.
fn of_prompt(context: &LintContext<'_>) -> Vec<LintFinding> {
    // Half of the declarations would be missing.
    let is_readable = |problem: &Problem| problem.code != Code::InvalidYaml;
    let is_readable = context.file.problems.iter().all(is_readable);
    let mut found = Vec::new();
    if is_readable {
        found.extend(variables::undeclared(context));
    }
    found.extend(variables::shadowed(context));
    found.extend(helpers::unknown_helpers(context));
    found.extend(helpers::unknown_partials(context));
    found.extend(helpers::circular_partials(context));
    found.extend(roles::unknown_roles(context));
    found.extend(samples::mismatches(context));
    if is_readable {
        found.extend(variables::unused(context));
    }
    found
}

#[cfg(test)]
mod tests;
