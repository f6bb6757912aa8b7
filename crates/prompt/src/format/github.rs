//! GitHub Models' `.prompt.yml`: messages in YAML, with rows of test data.
//!
//! It is read as `gh models` reads it: `{{name}}`, without spaces, is replaced by the row's value,
//! and nothing else is a tag. The format does not allow foreign keys, so all declarations are in
//! the sidecar.

mod evaluators;
mod known_keys;

use std::ops::Range;

use crate::declarations::case::Case;
use crate::declarations::case_fields::input_value;
use crate::declarations::declared::Declared;
use crate::declarations::fields::{list, map, optional, required, text};
use crate::declarations::reference_reply::ReferenceReply;
use crate::declarations::spanned::Spanned;
use crate::diagnostics::code::Code;
use crate::diagnostics::problem::Problems;
use crate::diagnostics::severity::Severity;
use crate::diagnostics::suggestion::{closest, did_you_mean};
use crate::format::content_parts;
use crate::format::github::evaluators::StringEvaluator;
use crate::format::github::known_keys::unknown;
use crate::render::rendered::Turn;
use crate::yaml::node::Node;

/// Keys of the file, as `gh models` reads them.
pub(crate) const FILE: &[&str] = &[
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

/// Keys of a message.
const MESSAGE: &[&str] = &["role", "content"];
/// Roles that `gh models` sends, in upper or lower case.
const ROLES: &[&str] = &["system", "user", "assistant"];
/// Reads the messages, and the test data into `declared`.
pub(crate) fn read(
    file: &str,
    root: &Node,
    declared: &mut Declared,
    problems: &mut Problems,
) -> Vec<Turn> {
    unknown(root.entries(), FILE, "The file", problems);
    let whole = root.range.start..root.range.start + 1;
    let mut turns = Vec::new();
    // Half of the file may be missing, and YAML of another tool may have this ending.
    let is_broken = problems
        .list
        .iter()
        .any(|problem| problem.code == Code::InvalidYaml);
    let own = ["modelParameters", "testData", "evaluators", "messages"];
    let is_own = own
        .iter()
        .any(|key| optional(root.entries(), key).is_some());
    let items = if is_broken || !is_own {
        optional(root.entries(), "messages")
    } else {
        required(root.entries(), "messages", "The file", &whole, problems)
    };
    for item in items.map_or(&[][..], |items| list(items, "`messages`", problems)) {
        turns.extend(message(file, item, &mut declared.media, problems));
    }
    let rows = optional(root.entries(), "testData");
    let rows = rows.map_or(&[][..], |items| list(items, "`testData`", problems));
    let evaluators = optional(root.entries(), "evaluators");
    let evaluators = evaluators.map_or(Vec::new(), |node| evaluators::read(node, problems));
    for item in rows {
        row(item, &evaluators, declared, problems);
    }
    unused(file, rows, problems);
    turns
}

/// Reports keys of test data that no `{{name}}` of the file uses, each name once.
fn unused(file: &str, rows: &[Node], problems: &mut Problems) {
    let mut reported = Vec::new();
    for (key, _) in rows.iter().flat_map(Node::entries) {
        let Some(name) = key.text() else { continue };
        // `gh models` itself passes these to evaluators.
        let used = ["name", "input", "expected"].contains(&name)
            || file.contains(&format!("{{{{{name}}}}}"));
        if used || reported.contains(&name) {
            continue;
        }
        reported.push(name);
        let near = closest(name, &["expected"]);
        let message = format!(
            "No message or evaluator has `{{{{{name}}}}}`, so this key of `testData` changes \
             nothing.{} Write `{{{{{name}}}}}`, without spaces, where it belongs, or remove \
             the key.",
            did_you_mean(near)
        );
        let (code, severity) = (Code::UnusedVariable, Severity::Hint);
        let problem = problems.add(code, severity, key.here(), message);
        problem.suggest(near);
    }
}

fn message(
    file: &str,
    node: &Node,
    media: &mut Vec<Range<usize>>,
    problems: &mut Problems,
) -> Option<Turn> {
    let entries = map(node, "A message", problems)?;
    unknown(entries, MESSAGE, "A message", problems);
    let role = required(entries, "role", "A message", node.here(), problems)
        .and_then(|role| text(role, "A message's role", problems));
    if let Some(role) = &role
        && !ROLES.contains(&role.value.to_ascii_lowercase().as_str())
    {
        let near = closest(&role.value, ROLES);
        let message = format!(
            "A message's role is `{}`, which `gh models` refuses.{} Known roles: {}.",
            role.value,
            did_you_mean(near),
            ROLES.join(", ")
        );
        let problem = problems.error(Code::UnknownRole, &role.range, message);
        problem.suggest(near);
    }
    let role = role.map(|role| role.value);
    let content = required(entries, "content", "A message", node.here(), problems)?;
    if !matches!(content.kind(), "a text" | "a list" | "a map") {
        let message = format!(
            "A message's content is {}. Write a text in quotes.",
            content.kind()
        );
        let mut range = content.here().clone();
        if range.is_empty() {
            range.start = range.start.saturating_sub(1);
        }
        let severity = if content.is_null() {
            Severity::Error
        } else {
            Severity::Warning
        };
        problems.add(Code::InvalidValue, severity, &range, message);
    }
    let Some(read) = content_parts::read(file, content) else {
        if content.is_null() {
            return None;
        }
        let message = format!("A message's content is {}. Write a text.", content.kind());
        problems.error(Code::InvalidValue, content.here(), message);
        return None;
    };
    media.extend(read.media);
    let text = read.text;
    Some(Turn { role, text })
}

/// Reads a row of test data: every key except `expected` is a variable, and `name` is also the id.
///
/// The evaluators decide what `expected` means. If none of them compares the reply with it, it is
/// an example of a good reply.
fn row(
    node: &Node,
    evaluators: &[StringEvaluator],
    declared: &mut Declared,
    problems: &mut Problems,
) {
    let Some(entries) = map(node, "A row of `testData`", problems) else {
        return;
    };
    let mut case = Case::new(node.here().clone(), problems.origin);
    let mut expected = None;
    for (key, value) in entries {
        let Some(name) = key.text() else { continue };
        if name == "expected" {
            // An empty text declares no answer.
            let is_empty = value.is_null() || value.text() == Some("");
            if !is_empty {
                expected = text(value, "A row's `expected`", problems);
            }
            continue;
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
    let mut values = case.input.clone();
    if let Some(expected) = &expected {
        values.insert("expected".into(), expected.value.clone().into());
    }
    let (mut answers, compares_expected) = evaluators::answers(evaluators, &values);
    answers.reference = expected
        .filter(|_| !compares_expected)
        .map(|expected| ReferenceReply::unmarked(&expected));
    answers.apply(&mut case);
    declared.cases.push(case);
}

#[cfg(test)]
mod tests;
