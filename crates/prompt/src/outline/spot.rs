//! Keys, items and words in YAML that somebody types.

use std::ops::Range;

/// One step from the root of the YAML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathStep {
    /// Into the value of a key.
    Key(String),
    /// Into an item of a list, from 0.
    Item(usize),
}

/// What stands at a [`Spot`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// A key with its value.
    Entry,
    /// An item of a list.
    Item,
    /// A word without a colon where a key is expected.
    Word,
}

/// A key, an item, or a word that may become one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// The spot that it stands in; `None` at the root.
    pub parent: Option<usize>,
    /// Which of them it is.
    pub what: What,
    /// Bytes of the key or word, quotes included; of an item its dash, or nothing in brackets.
    pub label: Range<usize>,
    /// The key or word without quotes; empty for an item.
    pub name: String,
    /// Bytes of its scalar, quotes included.
    pub value: Option<Range<usize>>,
    /// Bytes between the line's beginning and it.
    pub column: usize,
    /// Whether it stands in brackets or braces.
    pub flow: bool,
    /// The byte behind the last one that belongs to it.
    pub end: usize,
    /// Which item of its list it is.
    pub(crate) index: usize,
    /// How many items stand in it.
    pub(crate) items: usize,
    /// Whether anything stands in it.
    pub(crate) is_parent: bool,
}

impl Spot {
    /// All its bytes, those of what stands in it included.
    pub fn range(&self) -> Range<usize> {
        self.label.start..self.end.max(self.label.end)
    }
}

/// The text of a scalar as it stands in the file, without quotes and escapes.
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
