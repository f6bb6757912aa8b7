//! Why a document or a picture could not be made.

use hoplens_analysis::AnalysisError;
use hoplens_interp::lens::trained::LensError;
use hoplens_interp::memory::MemoryError;
use hoplens_runtime::ModelError;

/// Why a document or a picture could not be made.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// The position is behind the prompt's end.
    #[error("there is no token {position}: the prompt has {tokens}")]
    NoSuchToken {
        /// The position that was asked for, from 0.
        position: usize,
        /// Number of tokens of the prompt.
        tokens: usize,
    },
    /// The vocabulary has no token for any of the words.
    #[error("{model} has no token for any of the words; give others")]
    UnknownWords {
        /// The model's name.
        model: String,
    },
    /// The read-out lacks what the map shows.
    #[error(transparent)]
    MissingMapInput(#[from] MissingMapInput),
    /// The plotting library failed.
    #[error("drawing the picture: {0}")]
    Picture(String),
    /// The result cannot be written as JSON.
    #[error("writing the result as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// The model failed.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// An injection cannot be made for this model.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// The case cannot be run.
    #[error(transparent)]
    Analysis(#[from] AnalysisError),
    /// The trained lens cannot be used.
    #[error(transparent)]
    Lens(#[from] LensError),
}

/// What a map of layers × heads needs and the read-out does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MissingMapInput {
    /// No ablation was measured.
    #[error("no ablation was measured")]
    Ablation,
    /// No bridge is known.
    #[error("there is no bridge")]
    Bridge,
    /// No words were looked for.
    #[error("no words were looked for")]
    Words,
}
