//! What a forward pass kept.

use std::ops::Range;

use crate::matrix::Matrix;
use crate::score::Reading;

/// What [`crate::Model::forward`] kept. Fields that were not asked for are empty.
///
/// Matrices hold one row per kept position, sequence after sequence. A sequence of `n` tokens
/// keeps 1 row for `Positions::Last` and `n` rows for `Positions::All`.
#[derive(Debug, Clone, Default)]
pub struct Trace {
    /// `[kept, vocab]`: the sequences' rows, then those of the forks. Of a fork only positions
    /// from its first changed one on are kept.
    pub logits: Matrix,
    /// One per layer.
    pub layers: Vec<LayerTrace>,
    /// `[kept, width]`: the residual after the last block, before the final norm.
    pub resid_final: Matrix,
    /// Per sequence that was asked for, the log-probability of every token but the first (one fewer than tokens).
    pub token_logps: Vec<Vec<f32>>,
    /// Of every sequence and then of every fork, where first tokens were to be read.
    pub readings: Vec<Reading>,
    /// Tokens of each sequence.
    pub lengths: Vec<usize>,
    /// Rows that were computed: the sequences' tokens that were not known or shared, and those of
    /// the forks.
    pub computed: usize,
}

/// What one layer kept.
#[derive(Debug, Clone, Default)]
pub struct LayerTrace {
    /// Per sequence: `[kept × heads, n]`, the heads of a position next to each other;
    /// entries after the position are 0.
    pub attention: Vec<Matrix>,
    /// `[kept, heads·head_dim]`, head after head.
    pub z: Matrix,
    /// `[kept, width]`.
    pub attn_out: Matrix,
    /// `[kept, width]`.
    pub mlp_out: Matrix,
    /// `[kept, width]`.
    pub resid_pre: Matrix,
}

impl LayerTrace {
    /// z of one head in kept row `row`.
    ///
    /// # Shapes
    /// → `[head_dim]`.
    pub fn head(&self, row: usize, head: usize, head_dim: usize) -> &[f32] {
        let range: Range<usize> = head * head_dim..(head + 1) * head_dim;
        &self.z.row(row)[range]
    }
}
