//! Keys, items and words in YAML that is being edited.

use std::ops::Range;

/// One step from the root of the YAML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathStep {
    /// Into the value of a key.
    Key(String),
    /// Into an item of a list, from 0.
    Item(usize),
}

/// The kind of a [`OutlineNode`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutlineNodeKind {
    /// A key with its value.
    Entry,
    /// An item of a list.
    Item,
    /// A word without a colon where a key is expected.
    Word,
}

/// A key, an item, or a word that may become one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutlineNode {
    /// The node that contains it; `None` at the root.
    pub parent: Option<usize>,
    /// The kind of the node.
    pub kind: OutlineNodeKind,
    /// Bytes of the key or word, including quotes. For an item its dash, or empty in brackets.
    pub label: Range<usize>,
    /// The key or word without quotes; empty for an item.
    pub name: String,
    /// Bytes of its scalar, including quotes.
    pub value: Option<Range<usize>>,
    /// Number of bytes before it on its line.
    pub column: usize,
    /// Whether it is in brackets or braces.
    pub flow: bool,
    /// The offset after its last byte.
    pub end: usize,
    /// Its index in the list, if it is an item.
    pub(crate) index: usize,
    /// The number of items in it.
    pub(crate) items: usize,
    /// Whether it contains other nodes.
    pub(crate) is_parent: bool,
}

impl OutlineNode {
    /// Returns all its bytes, including those of its children.
    pub fn range(&self) -> Range<usize> {
        self.label.start..self.end.max(self.label.end)
    }
}

/// Returns the text of a scalar without quotes and escapes.
pub fn unquoted(raw: &str) -> String {
    let inside = |quote| raw.strip_prefix(quote)?.strip_suffix(quote);
    if let Some(single) = inside('\'') {
        return single.replace("''", "'");
    }
    match inside('"') {
        Some(double) => serde_json::from_str(raw).unwrap_or_else(|_| double.to_owned()),
        None => raw.trim_start_matches(['"', '\'']).to_owned(),
    }
}
