//! The shape of one model.

use crate::config::architecture::{Block, Mlp, NormKind, PositionalEmbedding};
use crate::config::family::Family;

/// The largest number of layers that is accepted. The deepest known models have about a hundred.
pub(super) const MAX_LAYERS: usize = 1 << 12;

/// The shape of one model.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The architecture.
    pub family: Family,
    /// Number of blocks, L.
    pub layers: usize,
    /// Width of the residual stream, d.
    pub width: usize,
    /// Query heads of a layer, H.
    pub heads: usize,
    /// Key/value heads of a layer; divides `heads`.
    pub kv_heads: usize,
    /// Dimensions of one head.
    pub head_dim: usize,
    /// Width of the MLP's hidden layer.
    pub mlp_width: usize,
    /// Size of the vocabulary, V.
    pub vocab: usize,
    /// Context length, in tokens.
    pub context: usize,
    /// The kind of the norms.
    pub norm: NormKind,
    /// Added to the variance in the norms.
    pub norm_eps: f64,
    /// How positions are encoded.
    pub positional_embedding: PositionalEmbedding,
    /// The shape of the MLP.
    pub mlp: Mlp,
    /// What the MLP reads.
    pub block: Block,
    /// The factor on attention scores; see [`Config::scale`].
    pub attention_scale: f32,
    /// Whether the scores of layer l, from 0, are also divided by l + 1.
    pub scales_by_layer: bool,
    /// For each layer, how many positions back a query sees, its own included; `None` sees all.
    pub windows: Vec<Option<usize>>,
    /// Whether queries and keys of each head pass an RMS norm before rotation (Qwen3).
    pub qk_norm: bool,
    /// Begin-of-text token.
    pub bos: Option<u32>,
    /// End-of-text tokens, including those that end the model's turn in a conversation.
    pub eos: Vec<u32>,
}

impl Config {
    /// The factor on the attention scores of a layer, from 0.
    pub fn scale(&self, layer: usize) -> f32 {
        if self.scales_by_layer {
            self.attention_scale / (layer + 1) as f32
        } else {
            self.attention_scale
        }
    }

    /// Sets the context length to what the rotary scaling allows.
    pub(super) fn extend_context(mut self) -> Self {
        if let PositionalEmbedding::Rotary { scaling, .. } = &self.positional_embedding {
            self.context = scaling.extended(self.context);
        }
        self
    }

    /// Checks that the numbers are possible and fit each other.
    ///
    /// # Errors
    /// Which number is wrong, and why.
    pub(crate) fn validate(&self) -> Result<(), String> {
        // Far above every known model, and low enough that no product of two overflows.
        const MAX: usize = 1 << 22;
        let counts = [
            ("layer count", self.layers, MAX_LAYERS),
            ("width", self.width, MAX),
            ("head count", self.heads, MAX),
            ("key/value head count", self.kv_heads, MAX),
            ("head dimension", self.head_dim, MAX),
            (
                "heads times head dimension",
                self.heads.saturating_mul(self.head_dim),
                MAX,
            ),
            ("MLP width", self.mlp_width, MAX),
            ("vocabulary size", self.vocab, MAX),
            ("context length", self.context, 1 << 40),
        ];
        for (what, value, max) in counts {
            if value == 0 || value > max {
                return Err(format!("{what} {value} is not between 1 and {max}"));
            }
        }
        if !self.heads.is_multiple_of(self.kv_heads) {
            return Err(format!(
                "{} heads cannot share {} key/value heads",
                self.heads, self.kv_heads
            ));
        }
        if let PositionalEmbedding::Rotary {
            dims,
            theta,
            ref scaling,
            ..
        } = self.positional_embedding
        {
            if dims > self.head_dim || !dims.is_multiple_of(2) || dims == 0 {
                return Err(format!(
                    "{dims} rotary dimensions do not fit a head of {}",
                    self.head_dim
                ));
            }
            if !(theta.is_finite() && theta > 0.0) {
                return Err(format!("rotary base {theta} is not a positive number"));
            }
            scaling.validate(dims, theta)?;
        }
        if self.windows.len() != self.layers {
            return Err(format!(
                "attention windows for {} of {} layers",
                self.windows.len(),
                self.layers
            ));
        }
        if self.windows.contains(&Some(0)) {
            return Err("an attention window of 0 positions sees nothing".into());
        }
        if !(self.norm_eps.is_finite() && self.norm_eps >= 0.0) {
            return Err(format!(
                "norm epsilon {} is not a number ≥ 0",
                self.norm_eps
            ));
        }
        Ok(())
    }
}

/// 1/√head_dim, the usual factor on attention scores.
pub(super) fn inverse_sqrt(head_dim: usize) -> f32 {
    (1.0 / (head_dim as f64).sqrt()) as f32
}
