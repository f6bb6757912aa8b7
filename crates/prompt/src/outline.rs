//! An outline of YAML that is being edited: keys, items and scalars, found by indentation and text
//! even in invalid YAML.
//!
//! The parser stops at the first error, and the line under the cursor usually is one. The outline
//! only determines what an editor offers and shows; declarations come from the parser.

mod flow;
pub(crate) mod node;
mod scan;
mod scanner;

use std::ops::Range;

pub use crate::outline::node::{OutlineNode, OutlineNodeKind, PathStep, unquoted};

/// The keys, items and words of a YAML text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outline {
    /// In text order.
    pub nodes: Vec<OutlineNode>,
}

impl Outline {
    /// Reads the bytes `window` of `text`; all ranges are those of `text`. Never fails, and takes
    /// time linear in the text.
    pub fn read(text: &str, window: Range<usize>) -> Self {
        Self {
            nodes: scan::scan(text, window),
        }
    }

    /// Returns the steps that lead to a node: into a key's value, into an item. A word has the path
    /// of its parent.
    pub fn path(&self, node: usize) -> Vec<PathStep> {
        let mut steps = Vec::new();
        let mut at = Some(node);
        while let Some(one) = at.and_then(|at| self.nodes.get(at)) {
            match one.kind {
                OutlineNodeKind::Entry => steps.push(PathStep::Key(one.name.clone())),
                OutlineNodeKind::Item => steps.push(PathStep::Item(one.index)),
                OutlineNodeKind::Word => {}
            }
            at = one.parent;
        }
        steps.reverse();
        steps
    }

    /// Returns the children of `parent`, or the nodes at the root.
    pub fn children(&self, parent: Option<usize>) -> impl Iterator<Item = (usize, &OutlineNode)> {
        let nodes = self.nodes.iter().enumerate();
        nodes.filter(move |(_, node)| node.parent == parent)
    }

    /// Returns the innermost node whose range contains `offset`.
    pub fn at(&self, offset: usize) -> Option<usize> {
        let holds = |node: &OutlineNode| {
            let range = node.range();
            range.start <= offset && offset <= range.end
        };
        self.nodes.iter().rposition(holds)
    }
}

#[cfg(test)]
mod tests;
