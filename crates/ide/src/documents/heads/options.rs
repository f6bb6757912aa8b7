//! What is read of the heads.

use hoplens_interp::lens::AnyLens;
use serde::Serialize;

/// How a head is ablated to measure what it contributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AblationMethod {
    /// Its `hook_z` becomes zero at all positions.
    Zero,
    /// Its `hook_z` becomes its mean over the prompt's positions.
    Mean,
    /// A first-order estimate of [`Self::Zero`] from gradients: fast, and often far off.
    Estimate,
    /// No ablation.
    None,
}

/// What is read of the heads.
#[derive(Debug, Clone)]
pub struct HeadsOptions<'a> {
    /// The token, from 0.
    pub position: usize,
    /// Number of words that each head's read-out lists.
    pub top: usize,
    /// How heads are ablated.
    pub ablate: AblationMethod,
    /// Whether to look for the case's bridge in the read-outs, which takes two more passes.
    pub bridge: bool,
    /// The lens that reads the heads.
    pub lens: AnyLens<'a>,
    /// Words to look for in the read-outs.
    pub words: Option<Vec<String>>,
    /// Whether to look for the words at every token up to the position.
    pub anywhere: bool,
}
