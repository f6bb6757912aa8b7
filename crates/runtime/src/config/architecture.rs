//! The choices in which the architectures of the families differ.

use crate::config::scaling::RopeScaling;

/// The normalisation before attention, MLP and head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NormKind {
    /// Centred, scaled to unit variance, with gain and bias.
    LayerNorm,
    /// Scaled to unit root mean square, with gain only.
    RmsNorm,
}

/// How the model encodes positions.
#[derive(Debug, Clone, PartialEq)]
pub enum PositionalEmbedding {
    /// A learned vector per position, added to the embedding.
    Learned,
    /// Queries and keys are rotated by angles proportional to the position (RoPE).
    Rotary {
        /// The number of a head's dimensions that are rotated, from the first on.
        dims: usize,
        /// Whether pairs are neighbours `(0,1), (2,3), …` (GPT-J) instead of halves `(0,d/2), …`.
        interleaved: bool,
        /// Base of the geometric progression of wavelengths.
        theta: f64,
        /// How the frequencies change for long contexts.
        scaling: RopeScaling,
    },
}

/// The pointwise non-linearity of the MLP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// `GELU` by its tanh approximation (`gelu_new`).
    GeluTanh,
    /// `GELU` by the error function.
    GeluErf,
    /// `SiLU` (swish).
    Silu,
    /// Rectified linear.
    Relu,
}

/// The shape of the MLP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mlp {
    /// `down(act(up(x)))`.
    Plain(Activation),
    /// `down(act(gate(x)) ⊙ up(x))`.
    Gated(Activation),
}

/// What the MLP of a block reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Block {
    /// The MLP reads the residual after attention.
    Sequential,
    /// MLP and attention read the residual before attention, each through its own norm (GPT-NeoX).
    Parallel,
    /// MLP and attention read the residual before attention through one norm (GPT-J).
    ParallelSharedNorm,
}

impl Block {
    /// Whether the MLP does not read its own block's `hook_attn_out`.
    pub const fn is_parallel(self) -> bool {
        !matches!(self, Self::Sequential)
    }
}
