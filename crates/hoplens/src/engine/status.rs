//! What the engine's model is doing. Not being ready is a state, not an error.

use hoplens_runtime::ModelInfo;

/// The state of the resident model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelStatus {
    /// There is none; says why, or what to do about it.
    Absent(String),
    /// It is being fetched or read.
    Loading(String),
    /// It answers.
    Ready(ModelInfo),
    /// It could not be loaded; says why.
    Failed(String),
}

impl ModelStatus {
    /// Why there is no answer yet; `None` when the model is ready.
    pub fn obstacle(&self) -> Option<&str> {
        match self {
            Self::Absent(reason) | Self::Loading(reason) | Self::Failed(reason) => Some(reason),
            Self::Ready(_) => None,
        }
    }
}
