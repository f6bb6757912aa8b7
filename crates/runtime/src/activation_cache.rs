//! The activations that a forward pass kept.

use std::ops::Range;

use crate::logits::FirstTokenScore;
use crate::matrix::Matrix;

/// The activations that [`crate::Model::forward`] kept; fields that were not captured are empty.
///
/// Matrices hold one row for each kept position, sequence after sequence. A sequence of `n` tokens
/// keeps 1 row for `Positions::Last` and `n` rows for `Positions::All`.
#[derive(Debug, Clone, Default)]
pub struct ActivationCache {
    /// `[kept, vocab]`: the rows of the sequences, then those of the forks. A fork keeps only
    /// positions from its first changed one on.
    pub logits: Matrix,
    /// One entry for each layer.
    pub layers: Vec<LayerActivations>,
    /// `[kept, width]`: `hook_resid_post` of the last block, before the final norm.
    pub resid_final: Matrix,
    /// For each captured sequence of `n` tokens, the `n - 1` log-probabilities of its tokens from
    /// the second one on, in nats.
    pub token_logps: Vec<Vec<f32>>,
    /// The score of `Capture::first_tokens` after every sequence, then after every fork.
    pub first_token_scores: Vec<FirstTokenScore>,
    /// Number of tokens of each sequence.
    pub lengths: Vec<usize>,
    /// Number of rows that the pass computed: tokens that no cached run or earlier sequence
    /// supplied, and the positions of the forks.
    pub computed: usize,
}

/// The activations that one layer kept, under TransformerLens' names.
#[derive(Debug, Clone, Default)]
pub struct LayerActivations {
    /// `attn.hook_pattern`, for each sequence `[kept × heads, n]`: the heads of a position are
    /// adjacent rows, and entries after the position are 0.
    pub attention: Vec<Matrix>,
    /// `attn.hook_z`, `[kept, heads·head_dim]`, head after head.
    pub z: Matrix,
    /// `hook_attn_out`, `[kept, width]`.
    pub attn_out: Matrix,
    /// `hook_mlp_out`, `[kept, width]`.
    pub mlp_out: Matrix,
    /// `hook_resid_pre`, `[kept, width]`.
    pub resid_pre: Matrix,
}

impl LayerActivations {
    /// `attn.hook_z` of one head in kept row `row`.
    ///
    /// # Shapes
    /// → `[head_dim]`.
    pub fn head(&self, row: usize, head: usize, head_dim: usize) -> &[f32] {
        let range: Range<usize> = head * head_dim..(head + 1) * head_dim;
        &self.z.row(row)[range]
    }
}
