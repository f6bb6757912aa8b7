//! Reads `{{!hoplens-ignore CODE }}` in a Handlebars or Mustache template, and
//! `{# hoplens-ignore CODE #}` in Jinja.
//!
//! The first form is exact: the formatter that most editors run on `.prompt` files rewrites other
//! Handlebars comments into text that the model reads. `.prompt.md` and plain text have no comments
//! that the model does not read.

use crate::diagnostics::severity::Severity;
use crate::diagnostics::suggestion::{closest, did_you_mean};
use std::ops::Range;

use crate::diagnostics::code::Code;
use crate::diagnostics::problem::{Problems, Suppression};
use crate::template::handlebars::lexer::{HandlebarsTokenKind, tokens};
use crate::template::jinja::lexer;
use crate::template::language::TemplateLanguage;

const WORD: &str = "hoplens-ignore";

/// Returns the suppressions in a template that begins at byte `base` of the file.
pub(crate) fn read(
    engine: TemplateLanguage,
    body: &str,
    base: usize,
    problems: &mut Problems,
) -> Vec<Suppression> {
    if !body.contains(WORD) {
        return Vec::new();
    }
    let comments: Vec<Range<usize>> = match engine {
        TemplateLanguage::Handlebars | TemplateLanguage::Mustache => tokens(body)
            .into_iter()
            .filter(|token| token.kind == HandlebarsTokenKind::Comment)
            .map(|token| token.range)
            .collect(),
        TemplateLanguage::Jinja => lexer::tokens(body)
            .into_iter()
            .filter(|token| token.kind == lexer::JinjaTokenKind::Comment)
            .map(|token| token.range)
            .collect(),
        TemplateLanguage::Inputs | TemplateLanguage::SemanticKernel | TemplateLanguage::Plain => {
            Vec::new()
        }
    };
    let mut found = Vec::new();
    for comment in comments {
        let text = body.get(comment.clone()).unwrap_or_default();
        if !text.contains(WORD) {
            continue;
        }
        let range = base + comment.start..base + comment.end;
        let inside = match engine {
            TemplateLanguage::Jinja => jinja_comment(text),
            _ => text
                .strip_prefix("{{!hoplens-ignore ")
                .and_then(|rest| rest.strip_suffix(" }}")),
        };
        let code = inside.filter(|code| !code.is_empty() && !code.contains(char::is_whitespace));
        if let Some(code) = code {
            found.extend(suppression(code, &range, problems));
            continue;
        }
        let message = match engine {
            TemplateLanguage::Jinja => {
                "This comment ignores nothing. Write `{# hoplens-ignore CODE #}` with one code."
            }
            _ => {
                "This comment ignores nothing. Write exactly `{{!hoplens-ignore CODE }}`: no \
                 space after `!`, one code, one space before `}}`."
            }
        };
        problems.warn(Code::InvalidIgnore, &range, message);
    }
    found
}

/// Returns the suppression of the code `name` at `range`. Adds a warning and returns `None` if
/// there is no such code, and adds a hint if finer codes have replaced it.
pub(crate) fn suppression(
    name: &str,
    range: &Range<usize>,
    problems: &mut Problems,
) -> Option<Suppression> {
    let Ok(code) = name.parse::<Code>() else {
        let near = closest(name, Code::CURRENT_NAMES);
        let message = format!(
            "hoplens has no diagnostic `{name}`, so nothing is ignored.{} Codes: {}.",
            did_you_mean(near),
            Code::CURRENT_NAMES.join(", ")
        );
        let problem = problems.warn(Code::InvalidIgnore, range, message);
        problem.suggest(near);
        return None;
    };
    if let Some(message) = code.replacement_hint() {
        problems.add(Code::DeprecatedIgnore, Severity::Hint, range, message);
    }
    Some(Suppression {
        code,
        range: range.clone(),
        origin: problems.origin,
    })
}

/// Returns the text after the word in `{# hoplens-ignore … #}`, which may have signs of whitespace
/// control.
fn jinja_comment(text: &str) -> Option<&str> {
    let inside = text.strip_prefix("{#")?.strip_suffix("#}")?;
    let inside = inside.strip_prefix(['-', '+']).unwrap_or(inside);
    let inside = inside.strip_suffix(['-', '+']).unwrap_or(inside);
    Some(inside.trim().strip_prefix(WORD)?.trim())
}
