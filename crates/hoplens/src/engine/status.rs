//! The state of the engine's model. Not being ready is a state, not an error.

use hoplens_runtime::ModelInfo;

/// The state of the resident model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelStatus {
    /// No model; contains the reason, or what to do about it.
    Absent(String),
    /// The model is being fetched or read; contains its name.
    Loading(String),
    /// The model answers.
    Ready(ModelInfo),
    /// The model could not be loaded; contains the reason.
    Failed(String),
}

impl ModelStatus {
    /// Returns why the model does not answer; `None` when it is ready.
    pub fn obstacle(&self) -> Option<&str> {
        match self {
            Self::Absent(reason) | Self::Loading(reason) | Self::Failed(reason) => Some(reason),
            Self::Ready(_) => None,
        }
    }
}
