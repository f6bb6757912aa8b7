//! A node of a YAML tree, with its byte range.

use std::ops::Range;

use serde_json::Value;

/// A node with its bytes in the file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    /// The node's bytes. A block list or map ends with its last child.
    /// For a node reached through an alias, these are the bytes of the original.
    pub range: Range<usize>,
    pub data: Data,
    /// The alias's own bytes (`*name`) if the node was reached through an alias.
    pub alias: Option<Range<usize>>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Data {
    /// `text` is what the author wrote, unquoted; `value` is its type.
    Scalar {
        text: String,
        value: Plain,
        block: bool,
    },
    List {
        items: Vec<Node>,
        flow: bool,
    },
    Map {
        entries: Vec<(Node, Node)>,
        flow: bool,
    },
}

/// The type of a scalar in YAML's core schema.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Plain {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    String,
}

impl Node {
    /// Returns the bytes to mark in a message: the alias's if there is one.
    pub fn here(&self) -> &Range<usize> {
        self.alias.as_ref().unwrap_or(&self.range)
    }

    pub fn is_null(&self) -> bool {
        matches!(
            self.data,
            Data::Scalar {
                value: Plain::Null,
                ..
            }
        )
    }

    /// Returns the text of a scalar that is not null.
    pub fn text(&self) -> Option<&str> {
        match &self.data {
            Data::Scalar { text, value, .. } if *value != Plain::Null => Some(text),
            _ => None,
        }
    }

    pub fn entries(&self) -> &[(Node, Node)] {
        match &self.data {
            Data::Map { entries, .. } => entries,
            _ => &[],
        }
    }

    /// Returns the first entry with this key.
    pub fn entry(&self, key: &str) -> Option<(&Node, &Node)> {
        self.entries()
            .iter()
            .find(|(name, _)| name.text() == Some(key))
            .map(|(name, value)| (name, value))
    }

    /// Returns the node's type in words for a message.
    pub fn kind(&self) -> &'static str {
        match &self.data {
            Data::Scalar { value, .. } => match value {
                Plain::Null => "empty",
                Plain::Bool(_) => "a truth value",
                Plain::Integer(_) | Plain::Float(_) => "a number",
                Plain::String => "a text",
            },
            Data::List { .. } => "a list",
            Data::Map { .. } => "a map",
        }
    }

    /// Returns the node as JSON; a float without a fraction becomes an integer, as in JavaScript.
    pub fn to_json(&self) -> Value {
        match &self.data {
            Data::Scalar { text, value, .. } => match value {
                Plain::Null => Value::Null,
                Plain::Bool(value) => Value::Bool(*value),
                Plain::Integer(value) => Value::from(*value),
                Plain::Float(value) if value.fract() == 0.0 && value.abs() < 9.0e15 => {
                    Value::from(*value as i64)
                }
                Plain::Float(value) => Value::from(*value),
                Plain::String => Value::from(text.as_str()),
            },
            Data::List { items, .. } => items.iter().map(Node::to_json).collect(),
            Data::Map { entries, .. } => Value::Object(map_to_json(entries)),
        }
    }

    pub fn size(&self) -> usize {
        1 + match &self.data {
            Data::Scalar { .. } => 0,
            Data::List { items, .. } => items.iter().map(Node::size).sum(),
            Data::Map { entries, .. } => entries
                .iter()
                .map(|(key, value)| key.size() + value.size())
                .sum(),
        }
    }

    /// Returns the last leaf in file order. A flow collection counts as a leaf.
    pub fn last_leaf(&self) -> &Node {
        if self.alias.is_some() {
            return self;
        }
        match &self.data {
            Data::List { items, flow: false } => items.last().map_or(self, Node::last_leaf),
            Data::Map {
                entries,
                flow: false,
            } => entries.last().map_or(self, |(_, value)| value.last_leaf()),
            _ => self,
        }
    }
}

fn map_to_json(entries: &[(Node, Node)]) -> serde_json::Map<String, Value> {
    entries
        .iter()
        .filter_map(|(key, value)| Some((key.text()?.to_owned(), value.to_json())))
        .collect()
}
