//! Plain text that promptfoo fills: Nunjucks, of which most prompts use `{{ name }}` alone.

use std::ops::Range;

use serde_json::{Map, Value};

use crate::case::Origin;
use crate::mapped::Mapped;
use crate::problem;
use crate::problem::{Problem, Severity};
use crate::render::{Rendered, Turn, jinja};

/// Fills `body`, which stands at `range` of the file.
///
/// A body with nothing but `{{ name }}` is mapped byte by byte; one with other tags as a whole.
pub(super) fn render(body: &str, range: &Range<usize>, data: &Map<String, Value>) -> Rendered {
    let mut problems = Vec::new();
    let text = match simple(body, range.start, data, &mut problems) {
        Some(text) => text,
        // The same library, with its limits, as for Prompty.
        None => match jinja::render(body, data) {
            Ok(written) => written.mapped(&Mapped::verbatim(body, range.clone()), &|_| None),
            Err(failure) => {
                let message = format!(
                    "The template cannot be rendered, so its cases are not asked: {}",
                    failure.message
                );
                let at = range.start + failure.range.start..range.start + failure.range.end;
                problems = vec![found(Severity::Error, at, message)];
                Mapped::verbatim(body, range.clone())
            }
        },
    };
    let turns = if text.text.is_empty() {
        Vec::new()
    } else {
        vec![Turn { role: None, text }]
    };
    Rendered { turns, problems }
}

fn simple(
    body: &str,
    base: usize,
    data: &Map<String, Value>,
    problems: &mut Vec<Problem>,
) -> Option<Mapped> {
    if body.contains("{%") || body.contains("{#") {
        return None;
    }
    let mut mapped = Mapped::default();
    let mut at = 0;
    while let Some(open) = body.get(at..)?.find("{{") {
        let start = at + open;
        let inside = &body[start + 2..];
        let length = inside.find("}}")?;
        let name = inside[..length].trim();
        let end = start + length + 4;
        let is_name = |c: char| c.is_alphanumeric() || c == '_';
        if name.is_empty() || !name.chars().all(is_name) {
            return None;
        }
        mapped.push(&body[at..start], Some(base + at..base + start), true, None);
        let source = base + start..base + end;
        let text = match data.get(name) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::Bool(value)) => value.to_string(),
            Some(_) => return None,
            None => {
                let message = format!(
                    "The variable `{name}` has no value, so nothing is written here. Give it one \
                     in the test's `vars`."
                );
                problems.push(found(Severity::Warning, source.clone(), message));
                String::new()
            }
        };
        mapped.push(&text, Some(source), false, None);
        at = end;
    }
    mapped.push(&body[at..], Some(base + at..base + body.len()), true, None);
    Some(mapped)
}

fn found(severity: Severity, range: Range<usize>, message: String) -> Problem {
    Problem {
        code: problem::FRONT_MATTER,
        severity,
        message,
        range,
        origin: Origin::FrontMatter,
    }
}
