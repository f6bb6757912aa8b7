//! The envelope of every JSON result: its schema version and its model.

use serde::Serialize;
use serde_json::Value;

use crate::documents::error::DocumentError;
use hoplens_runtime::ModelInfo;

/// Version of the JSON results; it grows when a field is removed or renamed.
const SCHEMA: u32 = 1;

/// A JSON result with the schema version and the model that produced it.
#[derive(Debug, Serialize)]
pub struct Envelope<'a, T> {
    schema: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'a ModelInfo>,
    #[serde(flatten)]
    result: T,
}

impl<'a, T: Serialize> Envelope<'a, T> {
    /// Wraps a result; `model` is `None` where no model was used.
    pub fn new(model: Option<&'a ModelInfo>, result: T) -> Self {
        Self {
            schema: SCHEMA,
            model,
            result,
        }
    }
}

/// Returns a model's result in its envelope, as JSON.
///
/// # Errors
/// The result cannot be written as JSON, for example because a key is not a string.
pub fn json_document(model: &ModelInfo, result: impl Serialize) -> Result<Value, DocumentError> {
    Ok(serde_json::to_value(Envelope::new(Some(model), result))?)
}
