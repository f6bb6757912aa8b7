//! Whether a template calls only helpers that exist. dotprompt refuses a template that does not,
//! even where the call is in a branch that is not taken.

use std::collections::BTreeSet;

use crate::template::failure::Failure;
use crate::template::handlebars::blocks::short;
use crate::template::handlebars::lexer::{HandlebarsToken, HandlebarsTokenKind};

/// The helpers of Handlebars and of dotprompt.
const KNOWN: &[&str] = &[
    "blockHelperMissing",
    "each",
    "helperMissing",
    "history",
    "if",
    "ifEquals",
    "json",
    "log",
    "lookup",
    "media",
    "role",
    "section",
    "unless",
    "unlessEquals",
    "with",
];

/// Checks all calls in a template, whatever is rendered of it.
///
/// # Errors
/// Returns the first call of an unknown helper.
pub(crate) fn check(
    body: &str,
    tokens: &[HandlebarsToken],
    registered: &BTreeSet<String>,
) -> Result<(), Failure> {
    for token in tokens {
        let is_call = matches!(
            token.kind,
            HandlebarsTokenKind::Expression | HandlebarsTokenKind::Open | HandlebarsTokenKind::Else
        );
        let tag = body.get(token.range.clone()).unwrap_or_default();
        if !is_call || tag.starts_with("{{{{") {
            continue;
        }
        let calls = calls(tag);
        let unknown = calls
            .iter()
            .find(|name| !KNOWN.contains(name) && !registered.contains(**name));
        if let Some(name) = unknown {
            let message = format!(
                "at `{}`, there is no helper `{name}`. Write `{{{{{name}}}}}` for a variable, or \
                 one of dotprompt's helpers, such as `json` or `ifEquals`. If your application \
                 registers it, name it in `hoplens.toml` under `[templates]`, in `helpers`.",
                short(tag)
            );
            return Err(Failure::new(message, token.range.clone()));
        }
    }
    Ok(())
}

/// Returns the names of the helpers that a tag calls: its own, if arguments follow, and those of
/// expressions in parentheses.
fn calls(tag: &str) -> Vec<&str> {
    let code = tag
        .trim_start_matches('{')
        .trim_end_matches('}')
        .trim_matches('~')
        .trim_start_matches(['#', '^', '&', ' '])
        .trim();
    let code = match code.strip_prefix("else") {
        Some(rest) if rest.starts_with(char::is_whitespace) => rest.trim(),
        _ => code,
    };
    let mut found = Vec::new();
    // Partials and decorators call no helper by their own names.
    if !code.starts_with(['>', '*', '(']) {
        let (name, rest) = code.split_once(char::is_whitespace).unwrap_or((code, ""));
        let rest = rest.trim_start();
        if !rest.is_empty() && !rest.starts_with("as |") && is_name(name) {
            found.push(name);
        }
    }
    let mut quote = None;
    for (at, char) in code.char_indices() {
        match (quote, char) {
            (Some(open), _) if char == open => quote = None,
            (None, '"' | '\'') => quote = Some(char),
            (None, '(') => {
                let inside = code.get(at + 1..).unwrap_or_default().trim_start();
                let end = |char: char| char.is_whitespace() || char == ')' || char == '(';
                let name = inside.split(end).next().unwrap_or_default();
                if is_name(name) {
                    found.push(name);
                }
            }
            _ => {}
        }
    }
    found
}

/// Whether a word is a name, and not a text, a number or a path with other signs.
fn is_name(word: &str) -> bool {
    let plain = |char: char| char.is_alphanumeric() || char == '_' || char == '-';
    word.starts_with(|char: char| char.is_alphabetic() || char == '_') && word.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_names_with_arguments() {
        for (tag, names) in [
            ("{{name}}", vec![]),
            ("{{~ bullets items ~}}", vec!["bullets"]),
            ("{{{bullets x=1}}}", vec!["bullets"]),
            ("{{#section}}", vec![]),
            ("{{#person as |p|}}", vec![]),
            ("{{#each list as |item|}}", vec!["each"]),
            ("{{else if (eq a \"(x y)\")}}", vec!["if", "eq"]),
            ("{{> part x=(upper y)}}", vec!["upper"]),
            ("{{else}}", vec![]),
            ("{{^}}", vec![]),
            ("{{@state.name}}", vec![]),
        ] {
            assert_eq!(calls(tag), names, "{tag}");
        }
    }
}
