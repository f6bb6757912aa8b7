//! What is inserted for a key or value, with placeholders.

use crate::completion::place::CursorPlace;
use hoplens_prompt::keys::Kind;

/// Returns what the editor compares with the text typed so far, which may begin with a quote.
pub(super) fn filter_text(found: &CursorPlace, text: &str) -> String {
    let quote = found.quote.map(String::from).unwrap_or_default();
    quote + text
}

/// Returns whether a value of this kind begins on the line below its key.
pub(super) fn opens_lines(kind: Kind) -> bool {
    match kind {
        Kind::Map(_) | Kind::Values(_) | Kind::List(_) => true,
        Kind::Either(kinds) => kinds.first().is_some_and(|kind| opens_lines(*kind)),
        _ => false,
    }
}

/// Returns the colon and the value with placeholders. `column` is the key's column if further lines may
/// follow.
pub(super) fn value_snippet(kind: Kind, column: Option<usize>) -> String {
    let below = |text: &str| column.map(|column| format!(":\n{}{text}", " ".repeat(column + 2)));
    match kind {
        Kind::List(Kind::Map(_)) => {
            below("- $1").unwrap_or_else(|| format!(": {}", flow_snippet(kind)))
        }
        Kind::Map(keys) if keys.iter().all(|key| !key.required) => {
            below("$1").unwrap_or_else(|| ": {$1}".into())
        }
        Kind::Values(_) => below("$1").unwrap_or_else(|| ": {$1}".into()),
        Kind::Either([first, ..]) => value_snippet(*first, column),
        other => format!(": {}", flow_snippet(other)),
    }
}

/// Returns a value on one line with placeholders.
pub(super) fn flow_snippet(kind: Kind) -> String {
    fn write(kind: Kind, next: &mut usize) -> String {
        let mut placeholder = || {
            *next += 1;
            *next
        };
        match kind {
            Kind::Text => format!("\"${}\"", placeholder()),
            Kind::Word(words) => format!("${{{}|{}|}}", placeholder(), words.join(",")),
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
            Kind::List(_) => format!("[${}]", placeholder()),
            Kind::Values(_) => format!("{{${}}}", placeholder()),
            Kind::Either([first, ..]) => write(*first, next),
            _ => format!("${}", placeholder()),
        }
    }
    write(kind, &mut 0)
}
