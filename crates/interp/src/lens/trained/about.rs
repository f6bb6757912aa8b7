//! What a lens file says of how it came to be.

use serde::{Deserialize, Serialize};

use crate::lens::head_at::HeadAt;
use crate::lens::trained::adam::Schedule;
use crate::lens::trained::objective::Objective;
use crate::lens::trained::text::TextAbout;
use hoplens_runtime::ModelInfo;

/// The form of a lens' maps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// W_U·(α·I + U·Vᵀ) + b, with U and V of this rank.
    Compact {
        /// Columns of U and V.
        rank: usize,
    },
    /// A whole `vocab × width` matrix for each head, as AttentionLens has it.
    Full,
}

/// How a lens is trained. Two trainings with equal options, on the same text, model, machine and
/// number of threads give the same bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainingOptions {
    /// The form of the maps.
    pub form: Form,
    /// What they are to say.
    pub objective: Objective,
    /// The heads that are trained; whole layers for [`Objective::LayerSum`].
    pub heads: Vec<HeadAt>,
    /// Where the random numbers begin.
    pub seed: u64,
    /// A step reads sequences until they have so many positions.
    pub batch: usize,
    /// Tokens that a step's softmax runs over; the whole vocabulary where they reach that far.
    pub candidates: usize,
    /// How fast is learned, and for how long at most.
    pub schedule: Schedule,
    /// Positions that are held out of the training: about so many.
    pub held_out: usize,
    /// Steps between two looks at the held-out positions.
    pub check_every: usize,
    /// Training ends when so many looks in a row found no head better.
    pub patience: usize,
}

/// How a lens came to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LensAbout {
    /// The version of hoplens that trained it.
    pub hoplens: String,
    /// The model.
    pub model: ModelInfo,
    /// How it was trained.
    pub options: TrainingOptions,
    /// On what.
    pub text: TextAbout,
}

/// What training had reached at a step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// The step, from 1; 0 is before the first.
    pub step: usize,
    /// Positions read so far, those that were read again counted again.
    pub positions: usize,
    /// Mean over heads of the loss over this step's positions, in nats, its normaliser estimated
    /// over the candidates; `None` before the first step.
    pub loss: Option<f64>,
    /// Mean over heads of the loss over the held-out positions, in nats, exact; at some steps.
    pub held_out: Option<f64>,
}
