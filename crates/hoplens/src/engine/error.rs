//! Why a job has no result.

use hoplens_analysis::AnalysisError;
use hoplens_ide::documents::DocumentError;

/// A job has no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// No model is loaded; contains the reason.
    #[error("no model is loaded: {0}")]
    NoModel(String),
    /// The job was cancelled before it began or between two layers.
    #[error("cancelled")]
    Cancelled,
    /// The job ran and failed; contains the job's own message.
    #[error("{0}")]
    Failed(String),
    /// The job panicked; the engine continues with the next job.
    #[error(
        "the analysis failed unexpectedly ({0}). Please report this with the prompt that caused it; other prompts are not affected."
    )]
    Panicked(String),
    /// The engine was shut down.
    #[error("the engine was shut down")]
    Closed,
}

impl From<AnalysisError> for EngineError {
    fn from(error: AnalysisError) -> Self {
        if error.is_cancelled() {
            Self::Cancelled
        } else {
            Self::Failed(error.to_string())
        }
    }
}

impl From<DocumentError> for EngineError {
    fn from(error: DocumentError) -> Self {
        Self::Failed(error.to_string())
    }
}
