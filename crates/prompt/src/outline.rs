//! YAML as it stands while somebody types: keys, items and scalars by indentation and text,
//! however broken.
//!
//! The parser stops at the first mistake, and the line under the cursor mostly is one. What is
//! read here decides only what an editor offers and shows; what counts is what the parser reads.

mod flow;
mod scan;
mod scanner;
pub(crate) mod spot;

use std::ops::Range;

pub use crate::outline::spot::{PathStep, Spot, What, unquoted};

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
        Self {
            spots: scan::scan(text, window),
        }
    }

    /// The steps that lead to what stands at a spot: into a key's value, into an item, and of a
    /// word those of what it stands in.
    pub fn path(&self, spot: usize) -> Vec<PathStep> {
        let mut steps = Vec::new();
        let mut at = Some(spot);
        while let Some(one) = at.and_then(|at| self.spots.get(at)) {
            match one.what {
                What::Entry => steps.push(PathStep::Key(one.name.clone())),
                What::Item => steps.push(PathStep::Item(one.index)),
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

#[cfg(test)]
mod tests;
