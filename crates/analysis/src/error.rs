//! The errors of an analysis.

use hoplens_interp::memory::MemoryError;
use hoplens_runtime::ModelError;

/// The reason why a case could not be analysed.
#[derive(Debug, thiserror::Error)]
pub enum AnalysisError {
    /// A memory, scope or answer cannot be used.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// The prompt's template cannot be rendered.
    #[error("{reason}")]
    Template {
        /// The cause and the remedy.
        reason: String,
    },
    /// The model failed, rejected the prompt or was cancelled.
    #[error(transparent)]
    Model(#[from] ModelError),
}

impl AnalysisError {
    /// Returns whether the work was stopped on request.
    pub fn is_cancelled(&self) -> bool {
        matches!(
            self,
            Self::Model(ModelError::Cancelled)
                | Self::Memory(MemoryError::Model(ModelError::Cancelled))
        )
    }
}
