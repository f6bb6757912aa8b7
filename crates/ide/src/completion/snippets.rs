//! What is inserted for a key or value, with placeholders.

use crate::completion::place::CursorPlace;
use hoplens_prompt::keys::KeyKind;

/// Returns what the editor compares with the text typed so far, which may begin with a quote.
pub(super) fn filter_text(found: &CursorPlace, text: &str) -> String {
    let quote = found.quote.map(String::from).unwrap_or_default();
    quote + text
}

/// Returns whether a value of this kind begins on the line below its key.
pub(super) fn opens_lines(kind: KeyKind) -> bool {
    match kind {
        KeyKind::Map(_) | KeyKind::Values(_) | KeyKind::List(_) => true,
        KeyKind::Either(kinds) => kinds.first().is_some_and(|kind| opens_lines(*kind)),
        _ => false,
    }
}

/// Returns the colon and the value with placeholders. `column` is the key's column if further lines may
/// follow.
pub(super) fn value_snippet(kind: KeyKind, column: Option<usize>) -> String {
    let below = |text: &str| column.map(|column| format!(":\n{}{text}", " ".repeat(column + 2)));
    match kind {
        KeyKind::List(KeyKind::Map(_)) => {
            below("- $1").unwrap_or_else(|| format!(": {}", flow_snippet(kind)))
        }
        KeyKind::Map(keys) if keys.iter().all(|key| !key.required) => {
            below("$1").unwrap_or_else(|| ": {$1}".into())
        }
        KeyKind::Values(_) => below("$1").unwrap_or_else(|| ": {$1}".into()),
        KeyKind::Either([first, ..]) => value_snippet(*first, column),
        other => format!(": {}", flow_snippet(other)),
    }
}

/// Returns a value on one line with placeholders.
pub(super) fn flow_snippet(kind: KeyKind) -> String {
    fn write(kind: KeyKind, next: &mut usize) -> String {
        let mut placeholder = || {
            *next += 1;
            *next
        };
        match kind {
            KeyKind::Text => format!("\"${}\"", placeholder()),
            KeyKind::Word(words) => format!("${{{}|{}|}}", placeholder(), words.join(",")),
            KeyKind::Flag => format!("${{{}|true,false|}}", placeholder()),
            KeyKind::Version(number) => number.to_string(),
            KeyKind::Map(keys) => {
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
            KeyKind::List(inner @ KeyKind::Map(_)) => format!("[{}]", write(*inner, next)),
            KeyKind::List(_) => format!("[${}]", placeholder()),
            KeyKind::Values(_) => format!("{{${}}}", placeholder()),
            KeyKind::Either([first, ..]) => write(*first, next),
            _ => format!("${}", placeholder()),
        }
    }
    write(kind, &mut 0)
}
