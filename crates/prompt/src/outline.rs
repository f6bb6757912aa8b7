//! An outline of YAML that is being edited: keys, items and scalars, found by indentation and text
//! even in invalid YAML.
//!
//! The parser stops at the first error, and the line under the cursor usually is one. The outline
//! only determines what an editor offers and shows; declarations come from the parser.

mod flow;
mod scan;
mod scanner;
pub(crate) mod spot;

use std::ops::Range;

pub use crate::outline::spot::{PathStep, Spot, What, unquoted};

/// The keys, items and words of a YAML text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outline {
    /// In text order.
    pub spots: Vec<Spot>,
}

impl Outline {
    /// Reads the bytes `window` of `text`; all ranges are those of `text`. Never fails, and takes
    /// time linear in the text.
    pub fn read(text: &str, window: Range<usize>) -> Self {
        Self {
            spots: scan::scan(text, window),
        }
    }

    /// Returns the steps that lead to a spot: into a key's value, into an item. A word has the path
    /// of its parent.
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

    /// Returns the children of `parent`, or the spots at the root.
    pub fn children(&self, parent: Option<usize>) -> impl Iterator<Item = (usize, &Spot)> {
        let spots = self.spots.iter().enumerate();
        spots.filter(move |(_, spot)| spot.parent == parent)
    }

    /// Returns the innermost spot whose range contains `offset`.
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
