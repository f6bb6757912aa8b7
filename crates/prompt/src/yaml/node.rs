//! A node of a YAML tree, with its byte range.

use std::ops::Range;

use serde_json::Value;

use crate::yaml::dialect::Dialect;
use crate::yaml::timestamp;

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
        /// The reader that decided on `value`; values are written as its language writes them.
        dialect: Dialect,
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

/// The type of a scalar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Plain {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    /// A date, with or without a time; only YAML 1.1 has this type.
    Timestamp,
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
                Plain::Timestamp => "a date",
                Plain::String => "a text",
            },
            Data::List { .. } => "a list",
            Data::Map { .. } => "a map",
        }
    }

    /// Returns the node as JSON.
    ///
    /// A float without a fraction becomes an integer, as in JavaScript, except in Python. Dates and
    /// numbers that JSON does not have become the texts that the reader's language writes.
    pub fn to_json(&self) -> Value {
        match &self.data {
            Data::Scalar {
                text,
                value,
                dialect,
                ..
            } => match value {
                Plain::Null => Value::Null,
                Plain::Bool(value) => Value::Bool(*value),
                Plain::Integer(value) => Value::from(*value),
                Plain::Float(value) => float_to_json(*value, *dialect),
                Plain::Timestamp => {
                    Value::from(timestamp::in_python(text).unwrap_or_else(|| text.clone()))
                }
                Plain::String => Value::from(text.as_str()),
            },
            Data::List { items, .. } => items.iter().map(Node::to_json).collect(),
            Data::Map { entries, .. } => Value::Object(map_to_json(entries)),
        }
    }

    /// Returns the name that this node has as the key of a map in the reader's language.
    fn key_name(&self) -> String {
        let Data::Scalar { value, dialect, .. } = &self.data else {
            return self.in_flow_style();
        };
        match (self.to_json(), value, dialect) {
            (_, Plain::Null, Dialect::PyYaml) => "None".to_owned(),
            (_, Plain::Bool(true), Dialect::PyYaml) => "True".to_owned(),
            (_, Plain::Bool(false), Dialect::PyYaml) => "False".to_owned(),
            (Value::Null, ..) => String::new(),
            (Value::String(text), ..) => text,
            (other, ..) => other.to_string(),
        }
    }

    /// Returns the node on one line, as the npm package `yaml` names a key that is a list or map.
    fn in_flow_style(&self) -> String {
        match &self.data {
            Data::Scalar { text, value, .. } => match value {
                Plain::Null if text.is_empty() => "null".to_owned(),
                _ => text.clone(),
            },
            Data::List { items, .. } if items.is_empty() => "[]".to_owned(),
            Data::List { items, .. } => {
                let items: Vec<_> = items.iter().map(Node::in_flow_style).collect();
                format!("[ {} ]", items.join(", "))
            }
            Data::Map { entries, .. } if entries.is_empty() => "{}".to_owned(),
            Data::Map { entries, .. } => {
                let pairs: Vec<_> = entries
                    .iter()
                    .map(|(key, value)| match value.in_flow_style() {
                        value if value == "null" => key.in_flow_style(),
                        value => format!("{}: {value}", key.in_flow_style()),
                    })
                    .collect();
                format!("{{ {} }}", pairs.join(", "))
            }
        }
    }

    /// Returns a text that two keys share only if the reader takes them for the same key.
    pub fn key_identity(&self) -> Option<String> {
        let Data::Scalar { text, value, .. } = &self.data else {
            return None;
        };
        Some(match value {
            Plain::String => format!("text {text}"),
            Plain::Float(number) => format!("number {number}"),
            Plain::Integer(number) => format!("number {number}"),
            Plain::Timestamp => format!("date {text}"),
            Plain::Null | Plain::Bool(_) => format!("{value:?}"),
        })
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
        .map(|(key, value)| (key.key_name(), value.to_json()))
        .collect()
}

fn float_to_json(number: f64, dialect: Dialect) -> Value {
    let is_python = dialect == Dialect::PyYaml;
    if number.is_nan() {
        return Value::from(if is_python { "nan" } else { "NaN" });
    }
    if number.is_infinite() {
        let name = if is_python { "inf" } else { "Infinity" };
        let sign = if number < 0.0 { "-" } else { "" };
        return Value::from(format!("{sign}{name}"));
    }
    if !is_python && number.fract() == 0.0 && number.abs() < 9.0e15 {
        return Value::from(number as i64);
    }
    Value::from(number)
}
