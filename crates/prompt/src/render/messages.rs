//! Fills `{{name}}` in messages, as `gh models` does.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::declarations::case::Case;
use crate::declarations::input_value::InputValue;
use crate::file::prompt_file::PromptFile;
use crate::render::findings::without_value;
use crate::render::rendered::{Rendered, Turn};
use crate::render::source_map::MappedText;

/// Replaces each `{{name}}` by the case's value; a name without a value stays in the text.
pub(crate) fn render(
    file: &PromptFile,
    case: Option<&Case>,
    value: &dyn Fn(&str) -> Option<InputValue>,
) -> Rendered {
    let mut problems = Vec::new();
    let mut unset = BTreeSet::new();
    let turns = file.turns.iter().map(|turn| {
        let text = fill(&turn.text, case, value, &mut |name, range| {
            if unset.insert(name.to_owned()) {
                let message = format!(
                    "The variable `{name}` has no value, so `{{{{{name}}}}}` stays in the text. \
                     Give it one in `testData`, or in the `input` of a case in the sidecar."
                );
                problems.push(without_value(range, name, message));
            }
        });
        Turn {
            role: turn.role.clone(),
            text,
        }
    });
    let turns: Vec<Turn> = turns.filter(|turn| !turn.text.text.is_empty()).collect();
    let mut rendered = Rendered {
        turns,
        problems,
        unset,
        ..Rendered::default()
    };
    for range in &file.media {
        rendered.add_media(range.clone());
    }
    rendered
}

fn fill(
    text: &MappedText,
    case: Option<&Case>,
    value: &dyn Fn(&str) -> Option<InputValue>,
    missing: &mut dyn FnMut(&str, std::ops::Range<usize>),
) -> MappedText {
    let mut filled = MappedText::default();
    let mut done = 0;
    let mut at = 0;
    while let Some(open) = text.text.get(at..).and_then(|rest| rest.find("{{")) {
        let start = at + open;
        let rest = &text.text[start + 2..];
        let Some(length) = rest.find("}}") else { break };
        // `gh models` does not accept spaces inside the braces.
        let name = &rest[..length];
        let end = start + 2 + length + 2;
        let new = case.and_then(|case| case.input.get(name)).map(shown);
        let Some(new) = new else {
            let is_name = |c: char| c.is_alphanumeric() || "_-.".contains(c);
            if !name.is_empty() && name.chars().all(is_name) {
                missing(name, text.to_source(start..end).unwrap_or(0..0));
            }
            at = start + 2;
            continue;
        };
        filled.append("", &text.part(done..start));
        let origin = value(name).filter(|value| value.value == new);
        filled.push(&new, text.to_source(start..end), false, origin);
        done = end;
        at = end;
    }
    filled.append("", &text.part(done..text.text.len()));
    filled
}

/// Returns a value as the format prints it.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
