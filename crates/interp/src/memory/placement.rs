//! Where and how strongly a memory is injected.

use serde::Serialize;

use crate::memory::encoding::MemoryEncoding;
use hoplens_injection::{Encoding, Scope};
use hoplens_runtime::{BosPolicy, TargetPositions};

/// An injection without its memory: what stays fixed while memories or prompts change.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Placement {
    /// Encoding.
    pub encoding: Encoding,
    /// Layer, from 0.
    pub layer: usize,
    /// The head, from 0, on whose output the memory is projected; absent for the whole layer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head: Option<usize>,
    /// The magnitude τ.
    pub tau: f64,
    /// Scope.
    pub scope: Scope,
}

impl Placement {
    /// How a memory is encoded for this placement.
    pub const fn memory_encoding(&self, bos: BosPolicy) -> MemoryEncoding {
        MemoryEncoding {
            encoding: self.encoding,
            head: self.head,
            bos,
        }
    }

    /// The positions in any prompt of `len` tokens; `None` for a span, which occurs in one prompt
    /// only.
    pub(super) fn positions_in_any_prompt(&self, len: usize) -> Option<TargetPositions> {
        match self.scope {
            Scope::All => Some(TargetPositions::All),
            Scope::Last => Some(TargetPositions::Range(len.saturating_sub(1)..len)),
            Scope::Span(_) => None,
        }
    }
}
