//! Lists and maps that are being read.

use std::collections::HashSet;
use std::ops::Range;

use crate::yaml::dialect::Dialect;
use crate::yaml::node::{Data, Node, Plain};

/// The bytes of an error, and what is wrong.
pub(super) type Fault = (Range<usize>, String);

/// The children of a list or map so far; a map's key waits for its value.
pub(super) enum Kind {
    List(Vec<Node>),
    Map(Vec<(Node, Node)>, Option<Node>),
}

/// A list or map whose end is not read yet.
pub(super) struct Open {
    pub kind: Kind,
    pub flow: bool,
    pub start: usize,
    pub anchor: usize,
    /// The keys of the map so far, if they have to differ.
    pub keys: HashSet<String>,
}

impl Open {
    /// Returns the node; its last child ends a block list or map, `end` any other.
    pub fn close(self, end: usize) -> Node {
        let start = self.start;
        let flow = self.flow;
        let (data, last) = match self.kind {
            Kind::List(items) => {
                let last = items.last().map(|item| item.here().end);
                (Data::List { items, flow }, last)
            }
            Kind::Map(entries, _) => {
                let last = entries
                    .last()
                    .map(|(key, value)| value.here().end.max(key.here().end));
                (Data::Map { entries, flow }, last)
            }
        };
        let end = if flow { end } else { last.unwrap_or(end) };
        Node {
            range: start..end.max(start),
            data,
            alias: None,
        }
    }
}

/// Returns a value that is not there.
pub(super) fn null(at: usize, dialect: Dialect) -> Node {
    Node {
        range: at..at,
        data: Data::Scalar {
            text: String::new(),
            value: Plain::Null,
            block: false,
            dialect,
        },
        alias: None,
    }
}

/// Returns the position of an empty value: after its key's colon, if there is one.
pub(super) fn after_colon(text: &str, base: usize, key: &Node) -> Range<usize> {
    let end = key.here().end;
    let rest = text.get(end - base..).unwrap_or_default();
    let colon = rest.trim_start_matches([' ', '\t']);
    let at = if colon.starts_with(':') {
        end + rest.len() - colon.len() + 1
    } else {
        end
    };
    at..at
}

/// Returns why the dialect's reader refuses the key of a map with these keys, and adds it to them.
pub(super) fn refused_key(
    key: &Node,
    keys: &mut HashSet<String>,
    dialect: Dialect,
) -> Result<(), Fault> {
    let message = match dialect {
        Dialect::PyYaml if !matches!(key.data, Data::Scalar { .. }) => {
            "Prompty takes no list or map as a key; use a text"
        }
        Dialect::NpmYaml if key.key_identity().is_some_and(|key| !keys.insert(key)) => {
            "this key appears twice; remove one"
        }
        _ => return Ok(()),
    };
    Err((key.here().clone(), message.to_owned()))
}
