//! Keys, with as much of their value as an editor lets us write.

use crate::completion::place::{Found, Keys};
use crate::completion::{Completes, Completion, InsertStyle, Known, values};
use hoplens_prompt::keys::{Key, Kind};

pub(super) fn complete(keys: &Keys, found: &Found, known: Known<'_>) -> Vec<Completion> {
    let (required, optional): (Vec<&Key>, Vec<&Key>) =
        keys.ours.iter().partition(|key| key.required);
    let ours = required.into_iter().chain(optional);
    let mut list: Vec<Completion> = ours.map(|key| of_key(key, keys, found, known)).collect();
    if let Some(names) = &keys.any {
        let variables = values::variables(known.snapshot);
        let absent = variables.into_iter().filter(|name| !names.contains(name));
        list.extend(absent.map(|name| of_name(&name, keys, found)));
    }
    list
}

fn of_key(key: &Key, place: &Keys, found: &Found, known: Known<'_>) -> Completion {
    let dash = if place.dash { "- " } else { "" };
    let column = place.column + dash.len();
    let snippets = known.style != InsertStyle::Text;
    let behind = if place.colon {
        String::new()
    } else if snippets {
        let lines = known.style == InsertStyle::Lines && !place.flow;
        filled(key.value, lines.then_some(column))
    } else if !place.flow && opens_lines(key.value) {
        ":".into()
    } else {
        ": ".into()
    };
    Completion {
        label: key.name.to_owned(),
        what: Completes::Key,
        detail: key.required.then(|| "required".to_owned()),
        doc: Some(key.doc.to_owned()),
        range: found.range.clone(),
        is_snippet: snippets && behind.contains('$'),
        new_text: format!("{dash}{}{behind}", key.name),
        filter: filter(found, key.name),
    }
}

fn of_name(name: &str, place: &Keys, found: &Found) -> Completion {
    let colon = if place.colon { "" } else { ": " };
    Completion {
        label: name.to_owned(),
        what: Completes::Key,
        detail: Some("variable of the template".to_owned()),
        doc: None,
        range: found.range.clone(),
        new_text: format!("{name}{colon}"),
        is_snippet: false,
        filter: filter(found, name),
    }
}

/// What an editor compares with what was typed, which may begin with a quote.
pub(super) fn filter(found: &Found, text: &str) -> String {
    let quote = found.quote.map(String::from).unwrap_or_default();
    quote + text
}

fn opens_lines(kind: Kind) -> bool {
    match kind {
        Kind::Map(_) | Kind::Values(_) | Kind::List(_) => true,
        Kind::Either(kinds) => kinds.first().is_some_and(|kind| opens_lines(*kind)),
        _ => false,
    }
}

/// The colon and the value with places to fill in. `column` is the key's, where lines may follow
/// it.
fn filled(kind: Kind, column: Option<usize>) -> String {
    let below = |text: &str| column.map(|column| format!(":\n{}{text}", " ".repeat(column + 2)));
    match kind {
        Kind::List(Kind::Map(_)) => below("- $1").unwrap_or_else(|| format!(": {}", flow(kind))),
        Kind::Map(keys) if keys.iter().all(|key| !key.required) => {
            below("$1").unwrap_or_else(|| ": {$1}".into())
        }
        Kind::Values(_) => below("$1").unwrap_or_else(|| ": {$1}".into()),
        Kind::Either([first, ..]) => filled(*first, column),
        other => format!(": {}", flow(other)),
    }
}

/// A value on one line with places to fill in.
pub(super) fn flow(kind: Kind) -> String {
    fn write(kind: Kind, next: &mut usize) -> String {
        let mut place = || {
            *next += 1;
            *next
        };
        match kind {
            Kind::Text => format!("\"${}\"", place()),
            Kind::Word(words) => format!("${{{}|{}|}}", place(), words.join(",")),
            Kind::Version(number) => number.to_string(),
            Kind::Map(keys) => {
                let required = keys.iter().filter(|key| key.required);
                let inside =
                    required.map(|key| format!("{}: {}", key.name, write(key.value, next)));
                let inside: Vec<String> = inside.collect();
                if inside.is_empty() {
                    *next += 1;
                    return format!("{{${next}}}");
                }
                format!("{{{}}}", inside.join(", "))
            }
            Kind::List(inner @ Kind::Map(_)) => format!("[{}]", write(*inner, next)),
            Kind::List(_) => format!("[${}]", place()),
            Kind::Values(_) => format!("{{${}}}", place()),
            Kind::Either([first, ..]) => write(*first, next),
            _ => format!("${}", place()),
        }
    }
    write(kind, &mut 0)
}
