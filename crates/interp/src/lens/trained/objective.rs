//! What a lens is to say at a position.

use serde::{Deserialize, Serialize};

/// What a lens is trained to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Objective {
    /// Each head by itself: KL(model's next token ‖ head's lens).
    Head,
    /// The heads of a layer together, as AttentionLens has it: KL(model's next token ‖ the sum of
    /// the layer's lenses). Single heads are not identified by it.
    LayerSum,
    /// Each head by itself: KL(what the head changes ‖ head's lens), where that is the softmax of
    /// the logits less those without the head.
    Ablation,
    /// Each head by itself: KL(tokens that the head attends to ‖ head's lens), by its attention.
    Attended,
}

impl Objective {
    /// Its name in files and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::LayerSum => "layer-sum",
            Self::Ablation => "ablation",
            Self::Attended => "attended",
        }
    }
}
