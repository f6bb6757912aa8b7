//! What every measurement needs: the model, and a way to stop.

use hoplens_runtime::{CancelToken, Model};

/// The model that is measured, and the flag that stops the measurement.
#[derive(Debug, Clone, Copy)]
pub struct ModelContext<'a> {
    /// The model.
    pub model: &'a Model,
    /// Stops a pass between two layers when it is set.
    pub cancel: &'a CancelToken,
}

impl<'a> ModelContext<'a> {
    /// A context of these two.
    pub const fn new(model: &'a Model, cancel: &'a CancelToken) -> Self {
        Self { model, cancel }
    }
}
