//! promptfoo's chats: a JSON or YAML file with a list of messages.

use std::ops::Range;

use crate::declarations::fields;
use crate::declarations::fields::{map, required};
use crate::diagnostics::code::Code;
use crate::diagnostics::problem::Problems;
use crate::diagnostics::suggestion::{closest, did_you_mean};
use crate::format::content_parts;
use crate::render::rendered::Turn;
use crate::yaml;
use crate::yaml::dialect::Dialect;
use crate::yaml::node::{Data, Node};

/// The roles of the chats of common providers.
const ROLES: [&str; 7] = [
    "system",
    "user",
    "assistant",
    "developer",
    "tool",
    "function",
    "model",
];

/// Whether promptfoo reads a prompt of this name as a chat if its content is one.
pub(crate) fn is_chat(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    [".json", ".yaml", ".yml"]
        .iter()
        .any(|end| path.ends_with(end))
}

/// Returns the messages of a chat, with each character mapped to the file, and adds the bytes of
/// their parts that are not text to `media`. Empty if the file is not a chat; it is then a prompt as
/// it is.
pub(crate) fn chat(
    text: &str,
    media: &mut Vec<Range<usize>>,
    problems: &mut Problems,
) -> Vec<Turn> {
    let tree = yaml::read::read_as(text, 0, Dialect::JsYaml);
    let Some(root) = &tree.root else {
        return Vec::new();
    };
    let Data::List { items, .. } = &root.data else {
        return Vec::new();
    };
    // With tags between the messages, only the rendered text is a chat.
    let is_template = tree.error.is_some() && has_tags(text);
    if is_template || !items.iter().any(|item| item.entry("role").is_some()) {
        return Vec::new();
    }
    if items.iter().any(|item| item.entry("role").is_none()) && has_tags(text) {
        return Vec::new();
    }
    if let Some((range, message)) = &tree.error {
        let message = format!(
            "The chat is not valid JSON or YAML: {message}. The messages before it are used."
        );
        problems.error(Code::InvalidYaml, range, message);
    }
    let turns = items.iter();
    turns
        .filter_map(|item| message(text, item, media, problems))
        .collect()
}

/// Whether a text has tags of Nunjucks.
pub(crate) fn has_tags(text: &str) -> bool {
    text.contains("{{") || text.contains("{%")
}

/// Reads a message with its role; other keys belong to the chats of other models.
fn message(
    file: &str,
    node: &Node,
    media: &mut Vec<Range<usize>>,
    problems: &mut Problems,
) -> Option<Turn> {
    let entries = map(node, "A message", problems)?;
    let here = node.here();
    let role = required(entries, "role", "A message", here, problems)
        .and_then(|role| fields::text(role, "A message's role", problems));
    if let Some(role) = role
        .as_ref()
        .filter(|one| !ROLES.contains(&one.value.as_str()))
    {
        let near = closest(&role.value, &ROLES);
        // Other providers have other roles, and a variable may name one.
        if near.is_some() && !role.value.contains("{{") {
            let message = format!(
                "A message's role is `{}`.{}",
                role.value,
                did_you_mean(near)
            );
            let problem = problems.warn(Code::UnknownRole, &role.range, message);
            problem.suggest(near);
        }
    }
    let content = required(entries, "content", "A message", here, problems)?;
    let Some(read) = content_parts::read(file, content) else {
        let message = format!("A message's content is {}. Write a text.", content.kind());
        problems.error(Code::InvalidValue, content.here(), message);
        return None;
    };
    media.extend(read.media);
    Some(Turn {
        role: role.map(|role| role.value),
        text: read.text,
    })
}
