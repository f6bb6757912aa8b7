//! The position of a head in a model.

use serde::{Deserialize, Serialize};

/// A head of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct HeadAt {
    /// Layer, from 0.
    pub layer: usize,
    /// Head, from 0.
    pub head: usize,
}
