//! `{{!hoplens-ignore CODE }}` in a Handlebars or Mustache template, `{# hoplens-ignore CODE #}`
//! in Jinja.
//!
//! The first form is exact: other ways to write a Handlebars comment are turned into something
//! else by the formatter that most editors run on `.prompt` files, and then the model reads them.
//! `.prompt.md` and plain text have no comments that a model does not read.

use std::ops::Range;

use crate::declared::suppression;
use crate::diagnostics::code::Code;
use crate::jinja;
use crate::problem::{Problems, Suppression};
use crate::tags::{Kind, tokens};
use crate::variables::Engine;

const WORD: &str = "hoplens-ignore";

/// The suppressions in a template that begins at byte `base` of the file.
pub(super) fn read(
    engine: Engine,
    body: &str,
    base: usize,
    problems: &mut Problems,
) -> Vec<Suppression> {
    if !body.contains(WORD) {
        return Vec::new();
    }
    let comments: Vec<Range<usize>> = match engine {
        Engine::Handlebars | Engine::Mustache => tokens(body)
            .into_iter()
            .filter(|token| token.kind == Kind::Comment)
            .map(|token| token.range)
            .collect(),
        Engine::Jinja => jinja::tokens(body)
            .into_iter()
            .filter(|token| token.kind == jinja::Kind::Comment)
            .map(|token| token.range)
            .collect(),
        Engine::Inputs | Engine::Plain => Vec::new(),
    };
    let mut found = Vec::new();
    for comment in comments {
        let text = body.get(comment.clone()).unwrap_or_default();
        if !text.contains(WORD) {
            continue;
        }
        let range = base + comment.start..base + comment.end;
        let inside = match engine {
            Engine::Jinja => jinja_comment(text),
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
            Engine::Jinja => {
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

/// What stands behind the word in `{# hoplens-ignore … #}`; the signs of whitespace control may
/// be there.
fn jinja_comment(text: &str) -> Option<&str> {
    let inside = text.strip_prefix("{#")?.strip_suffix("#}")?;
    let inside = inside.strip_prefix(['-', '+']).unwrap_or(inside);
    let inside = inside.strip_suffix(['-', '+']).unwrap_or(inside);
    Some(inside.trim().strip_prefix(WORD)?.trim())
}
