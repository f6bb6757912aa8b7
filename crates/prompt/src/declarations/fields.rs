//! Reads typed fields from YAML, with a problem for each value of another type.

use std::ops::Range;

use crate::declarations::keys::{Key, names};
use crate::declarations::spanned::Spanned;
use crate::diagnostics::code::Code;
use crate::diagnostics::problem::Problems;
use crate::diagnostics::suggestion::{closest, did_you_mean};
use crate::yaml::node::{Data, Node, Plain};

/// Returns the entries of a map; a problem and `None` for anything else.
pub(crate) fn map<'node>(
    node: &'node Node,
    what: &str,
    problems: &mut Problems,
) -> Option<&'node [(Node, Node)]> {
    if let Data::Map { entries, .. } = &node.data {
        return Some(entries);
    }
    wrong_type(node, what, "a map such as `{key: value}`", problems);
    None
}

/// Returns the items of a list; none for an empty value, a problem for anything else.
pub(crate) fn list<'node>(node: &'node Node, what: &str, problems: &mut Problems) -> &'node [Node] {
    match &node.data {
        Data::List { items, .. } => items,
        _ if node.is_null() => &[],
        _ => {
            wrong_type(node, what, "a list (`- …` on lines of their own)", problems);
            &[]
        }
    }
}

/// Returns a text that is not empty. Numbers and truth values count as the text that was typed.
pub(crate) fn text(node: &Node, what: &str, problems: &mut Problems) -> Option<Spanned<String>> {
    let Some(value) = node.text() else {
        wrong_type(node, what, "a text in quotes", problems);
        return None;
    };
    if value.is_empty() {
        let message = format!("{what} is empty. Give it a value, or remove it.");
        problems.error(Code::InvalidValue, node.here(), message);
        return None;
    }
    Some(Spanned {
        value: value.to_owned(),
        range: node.here().clone(),
    })
}

/// Returns a whole number of at least `least`.
pub(crate) fn index(
    node: &Node,
    what: &str,
    least: usize,
    problems: &mut Problems,
) -> Option<Spanned<usize>> {
    let number = match &node.data {
        Data::Scalar {
            value: Plain::Integer(number),
            ..
        } => usize::try_from(*number).ok().filter(|n| least <= *n),
        _ => None,
    };
    if number.is_none() {
        let wanted = format!("a whole number of at least {least}, without quotes");
        wrong_type(node, what, &wanted, problems);
    }
    number.map(|value| Spanned {
        value,
        range: node.here().clone(),
    })
}

/// Returns `true` or `false`.
pub(crate) fn flag(node: &Node, what: &str, problems: &mut Problems) -> Option<bool> {
    if let serde_json::Value::Bool(flag) = node.to_json() {
        return Some(flag);
    }
    wrong_type(node, what, "`true` or `false`, without quotes", problems);
    None
}

/// Returns a finite number.
pub(crate) fn number(node: &Node, what: &str, problems: &mut Problems) -> Option<f64> {
    let number = match &node.data {
        Data::Scalar { value, .. } => match value {
            Plain::Integer(number) => Some(*number as f64),
            Plain::Float(number) => Some(*number).filter(|n| n.is_finite()),
            _ => None,
        },
        _ => None,
    };
    if number.is_none() {
        wrong_type(node, what, "a finite number, without quotes", problems);
    }
    number
}

/// Returns the value of `key`; a problem at `whole` if it is missing.
pub(crate) fn required<'node>(
    entries: &'node [(Node, Node)],
    key: &str,
    what: &str,
    whole: &Range<usize>,
    problems: &mut Problems,
) -> Option<&'node Node> {
    let found = optional(entries, key);
    if found.is_none() {
        problems.error(
            Code::MissingKey,
            whole,
            format!("{what} has no `{key}`. Add `{key}: …`."),
        );
    }
    found
}

/// Returns the value of `key`.
pub(crate) fn optional<'node>(entries: &'node [(Node, Node)], key: &str) -> Option<&'node Node> {
    entries
        .iter()
        .find(|(name, _)| name.text() == Some(key))
        .map(|(_, value)| value)
}

/// Warns about keys that are not `known`, and about repeated keys.
pub(crate) fn check_keys(
    entries: &[(Node, Node)],
    known: &[Key],
    what: &str,
    problems: &mut Problems,
) {
    let known = names(known);
    for_each_key(entries, what, problems, |key, name, problems| {
        if known.contains(&name) {
            return;
        }
        let near = suggested_key(name, &known);
        let message = format!(
            "{what} has no key `{name}`; it is ignored.{} Known keys: {}.",
            did_you_mean(near),
            known.join(", ")
        );
        let problem = problems.warn(Code::UnknownKey, key.here(), message);
        problem.suggest(near);
    });
}

/// What other tools for prompts call the keys of a case, and the key's name here.
const NAMES_ELSEWHERE: [(&str, &str); 9] = [
    ("vars", "input"),
    ("variables", "input"),
    ("values", "input"),
    ("testData", "input"),
    ("answer", "expect"),
    ("ideal", "expect"),
    ("output", "expect"),
    ("assistant", "prefill"),
    ("description", "id"),
];

/// Returns the known key that is meant by a key of another tool, or by a misspelled one.
fn suggested_key<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let elsewhere = NAMES_ELSEWHERE
        .iter()
        .find(|(other, key)| *other == name && known.contains(key));
    match elsewhere {
        Some((_, key)) => Some(key),
        None => closest(name, known),
    }
}

/// Calls `visit` with each key and its name, in file order. Warns about a repeated key instead.
pub(crate) fn for_each_key<'node>(
    entries: &'node [(Node, Node)],
    what: &str,
    problems: &mut Problems,
    mut visit: impl FnMut(&'node Node, &'node str, &mut Problems),
) {
    let mut seen = Vec::new();
    for (key, _) in entries {
        let name = key.text().unwrap_or_default();
        if seen.contains(&name) {
            let message =
                format!("{what} has `{name}` twice; hoplens uses the first one. Remove the other.");
            problems.warn(Code::DuplicateKey, key.here(), message);
        } else {
            visit(key, name, problems);
        }
        seen.push(name);
    }
}

fn wrong_type(node: &Node, what: &str, wanted: &str, problems: &mut Problems) {
    let mut range = node.here().clone();
    let shown = match &node.data {
        Data::Scalar { text, .. } if !text.is_empty() && text.len() <= 40 => format!("`{text}`"),
        _ => node.kind().to_owned(),
    };
    if range.is_empty() {
        // An empty value has no bytes, so the message marks the character before it (`:` or `-`).
        range.start = range.start.saturating_sub(1);
    }
    let message = format!("{what} is {shown}. Write {wanted}.");
    problems.error(Code::InvalidValue, &range, message);
}
