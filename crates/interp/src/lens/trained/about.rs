//! The provenance of a lens, recorded in its file.

use serde::{Deserialize, Serialize};

use crate::lens::head_at::HeadAt;
use crate::lens::text::TextAbout;
use crate::lens::trained::adam::Schedule;
use crate::lens::trained::objective::Objective;
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
    /// A full `vocab × width` matrix for each head, as in AttentionLens.
    Full,
}

/// The options of a training. Trainings with equal options on the same text, model, machine and
/// number of threads produce identical bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainingOptions {
    /// The form of the maps.
    pub form: Form,
    /// What they are trained to predict.
    pub objective: Objective,
    /// The heads that are trained; whole layers for [`Objective::LayerSum`].
    pub heads: Vec<HeadAt>,
    /// The seed of the random numbers.
    pub seed: u64,
    /// Positions in a step: sequences are read until they have as many.
    pub batch: usize,
    /// Number of tokens in a step's softmax; the whole vocabulary if it is not larger.
    pub candidates: usize,
    /// The learning rate, and the most steps.
    pub schedule: Schedule,
    /// About the number of positions that are held out of the training.
    pub held_out: usize,
    /// Steps between two evaluations on the held-out positions.
    pub check_every: usize,
    /// Training ends after this many consecutive evaluations without an improvement of any head.
    pub patience: usize,
}

/// The provenance of a lens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LensAbout {
    /// The version of hoplens that trained it.
    pub hoplens: String,
    /// The model.
    pub model: ModelInfo,
    /// The options of its training.
    pub options: TrainingOptions,
    /// Its training text.
    pub text: TextAbout,
}

/// A point of the training curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// The step, from 1; 0 is before the first.
    pub step: usize,
    /// Positions read so far; repeats count again.
    pub positions: usize,
    /// Mean over heads of the loss over this step's positions, in nats, with the normaliser
    /// estimated over the candidates; `None` before the first step.
    pub loss: Option<f64>,
    /// Mean over heads of the exact loss over the held-out positions, in nats; `None` at steps
    /// without an evaluation.
    pub held_out: Option<f64>,
}
