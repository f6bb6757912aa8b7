//! Completion of keys, with as much of the value as the editor can insert.

use crate::completion::context::{CompletionContext, InsertStyle};
use crate::completion::item::{Completion, CompletionKind};
use crate::completion::place::{CursorPlace, KeyPlace};
use crate::completion::snippets::{filter_text, opens_lines, value_snippet};
use crate::completion::variables::variables;
use hoplens_prompt::keys::Key;

/// Returns the keys that are valid at the cursor, required ones first.
pub(super) fn complete(
    keys: &KeyPlace,
    found: &CursorPlace,
    context: CompletionContext<'_>,
) -> Vec<Completion> {
    let (required, optional): (Vec<&Key>, Vec<&Key>) =
        keys.known.iter().partition(|key| key.required);
    let known = required.into_iter().chain(optional);
    let mut list: Vec<Completion> = known
        .map(|key| key_completion(key, keys, found, context))
        .collect();
    if let Some(names) = &keys.any {
        let names_in_template = variables(context.snapshot);
        let absent = names_in_template
            .into_iter()
            .filter(|name| !names.contains(name));
        list.extend(absent.map(|name| variable_completion(&name, keys, found)));
    }
    list
}

fn key_completion(
    key: &Key,
    place: &KeyPlace,
    found: &CursorPlace,
    context: CompletionContext<'_>,
) -> Completion {
    let dash = if place.needs_dash { "- " } else { "" };
    let column = place.column + dash.len();
    let snippets = context.style != InsertStyle::Text;
    let behind = if place.has_colon {
        String::new()
    } else if snippets {
        let lines = context.style == InsertStyle::Lines && !place.in_flow;
        value_snippet(key.value, lines.then_some(column))
    } else if !place.in_flow && opens_lines(key.value) {
        ":".into()
    } else {
        ": ".into()
    };
    Completion {
        label: key.name.to_owned(),
        kind: CompletionKind::Key,
        detail: key.required.then(|| "required".to_owned()),
        doc: Some(key.doc.to_owned()),
        range: found.range.clone(),
        is_snippet: snippets && behind.contains('$'),
        new_text: format!("{dash}{}{behind}", key.name),
        filter: filter_text(found, key.name),
    }
}

fn variable_completion(name: &str, place: &KeyPlace, found: &CursorPlace) -> Completion {
    let colon = if place.has_colon { "" } else { ": " };
    Completion {
        label: name.to_owned(),
        kind: CompletionKind::Key,
        detail: Some("template variable".to_owned()),
        doc: None,
        range: found.range.clone(),
        new_text: format!("{name}{colon}"),
        is_snippet: false,
        filter: filter_text(found, name),
    }
}
