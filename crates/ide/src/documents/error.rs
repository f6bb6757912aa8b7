//! Why there is nothing to show.

use hoplens_analysis::AnalysisError;
use hoplens_interp::lens::trained::LensError;
use hoplens_interp::memory::MemoryError;
use hoplens_runtime::ModelError;

/// A document or a picture could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ShowError {
    /// What was asked makes no sense; says so with the remedy.
    #[error("{0}")]
    Asked(String),
    #[error("drawing the picture: {0}")]
    Picture(String),
    #[error("the result is no JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error(transparent)]
    Memory(#[from] MemoryError),
    #[error(transparent)]
    Hop(#[from] AnalysisError),
    #[error(transparent)]
    Lens(#[from] LensError),
}
