//! YAML as it stands while somebody types: keys, items and scalars by indentation and text,
//! however broken.
//!
//! The parser stops at the first mistake, and the line under the cursor mostly is one. What is
//! read here decides only what an editor offers and shows; what counts is what the parser reads.

mod flow;
mod scan;

use std::ops::Range;

/// One step from the root of the YAML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
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
    index: usize,
    /// How many items stand in it.
    items: usize,
    /// Whether anything stands in it.
    is_parent: bool,
}

impl Spot {
    /// All its bytes, those of what stands in it included.
    pub fn range(&self) -> Range<usize> {
        self.label.start..self.end.max(self.label.end)
    }
}

/// What stands in a piece of YAML, in its order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outline {
    /// In the order of the text.
    pub spots: Vec<Spot>,
}

impl Outline {
    /// Reads the bytes `window` of `text`; all ranges are those of `text`. Never fails, and takes
    /// time in proportion to the text.
    pub fn read(text: &str, window: Range<usize>) -> Self {
        scan::scan(text, window)
    }

    /// The steps that lead to what stands at a spot: into a key's value, into an item, and of a
    /// word those of what it stands in.
    pub fn path(&self, spot: usize) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut at = Some(spot);
        while let Some(one) = at.and_then(|at| self.spots.get(at)) {
            match one.what {
                What::Entry => steps.push(Step::Key(one.name.clone())),
                What::Item => steps.push(Step::Item(one.index)),
                What::Word => {}
            }
            at = one.parent;
        }
        steps.reverse();
        steps
    }

    /// The spots that stand in `parent`, or at the root.
    pub fn children(&self, parent: Option<usize>) -> impl Iterator<Item = (usize, &Spot)> {
        let spots = self.spots.iter().enumerate();
        spots.filter(move |(_, spot)| spot.parent == parent)
    }

    /// The innermost spot whose bytes hold `offset`.
    pub fn at(&self, offset: usize) -> Option<usize> {
        let holds = |spot: &Spot| {
            let range = spot.range();
            range.start <= offset && offset <= range.end
        };
        self.spots.iter().rposition(holds)
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

#[cfg(test)]
mod tests;
