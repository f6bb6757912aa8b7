//! Roles that a format does not know.

use crate::diagnostics::code::Code;
use crate::diagnostics::severity::Severity;
use crate::diagnostics::suggestion::{closest, did_you_mean};
use crate::format::prompt_format::PromptFormat;
use crate::format::prompty;
use crate::lint::finding::LintFinding;
use crate::lint::lint_context::LintContext;

/// The roles of dotprompt.
const DOTPROMPT_ROLES: [&str; 4] = ["user", "model", "system", "tool"];

/// Returns the findings about roles of a dotprompt or Prompty template.
pub(crate) fn unknown_roles(context: &LintContext<'_>) -> Vec<LintFinding> {
    match context.file.format {
        PromptFormat::Dotprompt => dotprompt(context),
        PromptFormat::Prompty => prompty_lines(context),
        _ => Vec::new(),
    }
}

fn dotprompt(context: &LintContext<'_>) -> Vec<LintFinding> {
    let roles = context.uses.roles.iter();
    let unknown = roles.filter(|role| !DOTPROMPT_ROLES.contains(&role.value.as_str()));
    unknown
        .map(|role| {
            let value = role.value.as_str();
            let other_name = match closest(value, &["assistant", "ai", "bot"]) {
                Some(_) => Some("model"),
                None => closest(value, &["developer"]).map(|_| "system"),
            };
            let near = closest(value, &DOTPROMPT_ROLES).or(other_name);
            // Some runtimes pass the names of other formats on.
            let is_other_name = matches!(value, "assistant" | "developer");
            let severity = if near.is_some() && !is_other_name {
                Severity::Warning
            } else {
                Severity::Information
            };
            let message = format!(
                "dotprompt has no role `{value}`.{} Its roles are {}.",
                did_you_mean(near),
                DOTPROMPT_ROLES.join(", ")
            );
            LintFinding::new(Code::UnknownRole, role.range.clone(), message)
                .with_severity(severity)
                .with_replacement(near)
        })
        .collect()
}

/// Returns the lines of a Prompty file that look like a misspelt role line: one word and a colon,
/// at the beginning or after an empty line.
fn prompty_lines(context: &LintContext<'_>) -> Vec<LintFinding> {
    let body = context.text.get(context.file.body.clone());
    let body = body.unwrap_or_default();
    let mut found = Vec::new();
    let mut at = context.file.body.start;
    let mut follows_blank = true;
    for line in body.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let is_blank = line.trim().is_empty();
        let word = role_like(line).filter(|_| follows_blank);
        follows_blank = is_blank;
        let Some(word) = word else { continue };
        let lower = word.to_ascii_lowercase();
        let near = similar::get_close_matches(lower.as_str(), &prompty::ROLES, 1, 0.75).pop();
        let Some(near) = near.filter(|near| lower != *near && lower != format!("{near}s")) else {
            continue;
        };
        let word_start = start + line.find(word).unwrap_or_default();
        let message = format!(
            "`{word}:` is no role line, so Prompty sends it as text.{} Role lines are {}.",
            did_you_mean(Some(near)),
            prompty::ROLES.map(|role| format!("`{role}:`")).join(", ")
        );
        found.push(
            LintFinding::new(
                Code::UnknownRole,
                word_start..word_start + word.len(),
                message,
            )
            .with_replacement(Some(near)),
        );
    }
    found
}

/// Returns the word of a line `word:` or `# word:`.
fn role_like(line: &str) -> Option<&str> {
    let word = line.trim().strip_suffix(':')?.trim_end();
    let word = word.strip_prefix('#').unwrap_or(word).trim_start();
    let is_word = !word.is_empty() && word.chars().all(|char| char.is_ascii_alphabetic());
    is_word.then_some(word)
}
