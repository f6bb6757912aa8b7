//! GitHub Models' `.prompt.yml`: messages in YAML, with rows of test data.
//!
//! Read as `gh models` reads it: `{{name}}`, without spaces, is replaced by the row's value and
//! nothing else is a tag. The format has no place for foreign data, so nothing is ever declared
//! in the file: that belongs to the sidecar.

use super::{
    Case, Severity, Spanned, Turn,
    cases::input_value,
    declared::Declared,
    fields::{list, map, optional, required, text},
    import::accepted,
    problem::{Problems, did_you_mean},
    yaml::{self, Node},
};

/// Keys of the file, as `gh models` reads them.
pub(super) const FILE: &[&str] = &[
    "name",
    "description",
    "model",
    "modelParameters",
    "responseFormat",
    "jsonSchema",
    "messages",
    "testData",
    "evaluators",
];

const MESSAGE: &[&str] = &["role", "content"];
/// The roles that a message may have.
const ROLES: &[&str] = &["system", "user", "assistant", "developer", "tool"];
const EVALUATOR: &[&str] = &["name", "string", "llm", "uses"];
const STRING: &[&str] = &["equals", "contains", "startsWith", "endsWith"];

/// Reads the messages, and the test data into `declared`.
pub(super) fn read(
    file: &str,
    root: &Node,
    declared: &mut Declared,
    problems: &mut Problems,
) -> Vec<Turn> {
    unknown(root.entries(), FILE, "the file", problems);
    let whole = root.range.start..root.range.start + 1;
    let mut turns = Vec::new();
    let items = required(root.entries(), "messages", "The file", &whole, problems);
    for item in items.map_or(&[][..], |items| list(items, "`messages`", problems)) {
        turns.extend(message(file, item, problems));
    }
    if let Some(items) = optional(root.entries(), "evaluators") {
        for item in list(items, "`evaluators`", problems) {
            evaluator(item, problems);
        }
    }
    if let Some(items) = optional(root.entries(), "testData") {
        for item in list(items, "`testData`", problems) {
            row(item, declared, problems);
        }
    }
    turns
}

/// Says of keys that nobody reads, which were probably meant to be others where one is near.
///
/// The format has no published schema, so other keys may well be right.
fn unknown(entries: &[(Node, Node)], known: &[&str], what: &str, problems: &mut Problems) {
    for (key, _) in entries {
        let name = key.text().unwrap_or_default();
        if known.contains(&name) {
            continue;
        }
        let near = did_you_mean(name, known);
        let severity = if near.is_empty() {
            Severity::Hint
        } else {
            Severity::Warning
        };
        let message = format!(
            "`gh models` reads no key `{name}` of {what}.{near} Known keys: {}.",
            known.join(", ")
        );
        problems.add(severity, key.here(), message);
    }
}

fn evaluator(node: &Node, problems: &mut Problems) {
    let Some(entries) = map(node, "An evaluator", problems) else {
        return;
    };
    unknown(entries, EVALUATOR, "an evaluator", problems);
    if let Some(string) = optional(entries, "string")
        && let Some(entries) = map(string, "An evaluator's `string`", problems)
    {
        unknown(entries, STRING, "an evaluator's `string`", problems);
    }
}

/// A message of a chat; also those of promptfoo's JSON files.
pub(super) fn message(file: &str, node: &Node, problems: &mut Problems) -> Option<Turn> {
    let entries = map(node, "A message", problems)?;
    unknown(entries, MESSAGE, "a message", problems);
    let role = required(entries, "role", "A message", node.here(), problems)
        .and_then(|role| text(role, "A message's role", problems));
    if let Some(role) = role
        .as_ref()
        .filter(|role| !ROLES.contains(&role.value.as_str()))
    {
        let message = format!(
            "A message has the role `{}`, which models do not know.{} Write one of: {}.",
            role.value,
            did_you_mean(&role.value, ROLES),
            ROLES.join(", ")
        );
        problems.warn(&role.range, message);
    }
    let role = role.map(|role| role.value);
    let content = required(entries, "content", "A message", node.here(), problems)?;
    let Some(text) = yaml::mapped(file, content) else {
        let message = format!("A message's content is {}. Write a text.", content.kind());
        problems.error(content.here(), message);
        return None;
    };
    Some(Turn { role, text })
}

/// A row of test data: what is not `expected` is a variable, and `name` a name too.
fn row(node: &Node, declared: &mut Declared, problems: &mut Problems) {
    let Some(entries) = map(node, "A row of `testData`", problems) else {
        return;
    };
    let mut case = Case {
        id: None,
        row: None,
        input: serde_json::Map::new(),
        expect: Vec::new(),
        hops: Vec::new(),
        range: node.here().clone(),
        origin: problems.origin,
        fence: None,
    };
    for (key, value) in entries {
        let Some(name) = key.text() else { continue };
        if name == "expected" {
            let answer = text(value, "A row's `expected`", problems);
            case.expect = answer.as_ref().map(accepted).unwrap_or_default();
            continue;
        }
        if !did_you_mean(name, &["expected"]).is_empty() {
            let message = format!(
                "A row of `testData` has a variable `{name}`. Did you mean `expected`, which is \
                 the answer?"
            );
            problems.warn(key.here(), message);
        }
        if name == "name" {
            case.id = value.text().filter(|id| !id.is_empty()).map(|id| Spanned {
                value: id.to_owned(),
                range: value.here().clone(),
            });
        }
        case.input.insert(name.to_owned(), value.to_json());
        let input = input_value(name, value, Some(node), problems);
        declared.inputs.extend(input);
    }
    declared.cases.push(case);
}

#[cfg(test)]
mod tests;
