//! The points of a block at which a pass is read or changed, under TransformerLens' names.

use std::fmt;

/// A point of one block at which a pass captures or changes activations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookPoint {
    /// The residual stream before the block, `[position, width]`.
    ResidPre,
    /// The attention scores before softmax, `[head, query, key]`.
    AttnScores,
    /// The attention pattern after softmax, `[head, query, key]`.
    Pattern,
    /// Every head's output before the output projection, `[position, head, head_dim]`.
    Z,
    /// The attention's output, bias included, `[position, width]`.
    AttnOut,
    /// The residual stream between attention and MLP, `[position, width]`.
    ResidMid,
    /// The MLP's output, bias included, `[position, width]`.
    MlpOut,
    /// The residual stream after the block, `[position, width]`.
    ResidPost,
}

impl HookPoint {
    /// The name inside a block: `hook_resid_pre`, `attn.hook_z`, …
    pub const fn name(self) -> &'static str {
        match self {
            Self::ResidPre => "hook_resid_pre",
            Self::AttnScores => "attn.hook_attn_scores",
            Self::Pattern => "attn.hook_pattern",
            Self::Z => "attn.hook_z",
            Self::AttnOut => "hook_attn_out",
            Self::ResidMid => "hook_resid_mid",
            Self::MlpOut => "hook_mlp_out",
            Self::ResidPost => "hook_resid_post",
        }
    }

    /// The full name in a layer, from 0: `blocks.3.hook_attn_out`.
    pub fn in_layer(self, layer: usize) -> String {
        format!("blocks.{layer}.{}", self.name())
    }
}

/// Prints a vector as its length, so that debug output stays readable.
pub(crate) struct VectorLength(pub(crate) usize);

impl fmt::Debug for VectorLength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} values]", self.0)
    }
}
