//! Why there is nothing to show.

use crate::hop::HopError;
use crate::lens::trained::LensError;
use crate::memory::MemoryError;
use crate::model::ModelError;

/// A document or a picture could not be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ShowError {
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
    Hop(#[from] HopError),
    #[error(transparent)]
    Lens(#[from] LensError),
}
