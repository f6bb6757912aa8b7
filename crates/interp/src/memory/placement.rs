//! Where and how strongly a memory is injected.

use serde::Serialize;

use crate::memory::sweep::Cell;
use hoplens_injection::{Encoding, Scope};
use hoplens_runtime::TargetPositions;

/// An injection without its memory: what is held fixed while memories or prompts change.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Placement {
    /// Encoding.
    pub encoding: Encoding,
    /// Layer, from 0.
    pub layer: usize,
    /// The head, from 0, to which the memory is confined; absent where the whole layer is meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head: Option<usize>,
    /// Magnitude.
    pub tau: f64,
    /// Scope.
    pub scope: Scope,
}

impl From<&Cell> for Placement {
    fn from(cell: &Cell) -> Self {
        Self {
            encoding: cell.encoding,
            layer: cell.layer,
            head: cell.head,
            tau: cell.tau,
            scope: cell.scope.clone(),
        }
    }
}

impl Placement {
    /// The positions that it means in any prompt of `len` tokens; `None` for a span, which is a
    /// piece of one prompt only.
    pub(super) fn elsewhere(&self, len: usize) -> Option<TargetPositions> {
        match self.scope {
            Scope::All => Some(TargetPositions::All),
            Scope::Last => Some(TargetPositions::Range(len.saturating_sub(1)..len)),
            Scope::Span(_) => None,
        }
    }
}
