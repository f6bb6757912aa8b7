//! Why a job gave no answer.

/// A job gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// There is no model to ask.
    #[error("no model is loaded: {0}")]
    NoModel(String),
    /// The job was cancelled before it began or between two layers.
    #[error("cancelled")]
    Cancelled,
    /// The job panicked; the engine goes on.
    #[error(
        "the analysis failed unexpectedly ({0}). Please report this with the prompt that caused it; other prompts are not affected."
    )]
    Panicked(String),
    /// The engine was shut down.
    #[error("the engine was shut down")]
    Closed,
}
