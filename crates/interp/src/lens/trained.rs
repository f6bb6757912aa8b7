//! Trained lenses: maps from a head's output to scores of tokens.
//!
//! AttentionLens (arXiv 2310.16270, and the thesis arXiv 2411.05037) trains a `vocab × width` map
//! for each head, those of a layer jointly, so that their sum predicts the model's next token:
//! [`Form::Full`] with [`Objective::LayerSum`]. The compact form adds a low-rank correction to the
//! unembed lens, A_h = W_U·(α_h·I + U_h·V_hᵀ) + b_h, and is trained for each head by itself.

mod about;
mod adam;
mod batch;
mod candidates;
mod compact;
mod compare;
mod error;
mod evaluate;
mod fit;
mod full;
mod group;
mod learners;
mod loss;
mod objective;
mod prepare;
mod train;
mod trained_lens;

pub use about::{CurvePoint, Form, LensAbout, TrainingOptions};
pub use adam::Schedule;
pub use compare::{CompareOptions, Disagreement, compare};
pub use error::LensError;
pub use evaluate::{EvaluateOptions, HeadScores, LensEvaluation, LensScores, evaluate};
pub use objective::Objective;
pub use train::Trainer;
pub use trained_lens::TrainedLens;
