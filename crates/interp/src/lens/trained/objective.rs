//! The objectives of lens training.

use serde::{Deserialize, Serialize};

/// What a lens is trained to predict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Objective {
    /// The model's next token, from each head by itself: KL(model's next token ‖ head's lens).
    Head,
    /// The model's next token, from the heads of a layer jointly, as in AttentionLens: KL(model's
    /// next token ‖ the sum of the layer's lenses). It does not identify single heads.
    LayerSum,
    /// The change that each head causes: KL(softmax of the logits minus those with the head ablated
    /// ‖ head's lens).
    Ablation,
    /// The tokens that each head attends to: KL(attention by token ‖ head's lens).
    Attended,
}

impl Objective {
    /// Returns its name in files and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::LayerSum => "layer-sum",
            Self::Ablation => "ablation",
            Self::Attended => "attended",
        }
    }
}
