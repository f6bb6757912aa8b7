//! The content of a chat message: a text, or a list of parts of which some are texts.

use std::ops::Range;

use crate::render::source_map::MappedText;
use crate::yaml;
use crate::yaml::node::{Data, Node};

/// The content of a message.
pub(crate) struct MessageContent {
    /// Its texts, one after the other.
    pub text: MappedText,
    /// Bytes of its pictures, sounds and files.
    pub media: Vec<Range<usize>>,
}

/// Types of parts that are texts.
const TEXTS: [&str; 3] = ["text", "input_text", "output_text"];

/// Reads a content; `None` if it is neither a text nor a list of parts, each a map with a `type`.
pub(crate) fn read(file: &str, node: &Node) -> Option<MessageContent> {
    let mut content = MessageContent {
        text: MappedText::default(),
        media: Vec::new(),
    };
    let Data::List { items, .. } = &node.data else {
        content.text = yaml::source::mapped(file, node)?;
        return Some(content);
    };
    for item in items {
        let (_, kind) = item.entry("type")?;
        if !TEXTS.contains(&kind.text()?) {
            content.media.push(item.here().clone());
            continue;
        }
        let (_, text) = item.entry("text")?;
        if let Some(text) = yaml::source::mapped(file, text) {
            content.text.append("", &text);
        }
    }
    Some(content)
}
