//! The envelope of every JSON result.

use serde::Serialize;
use serde_json::Value;

use crate::documents::error::ShowError;
use hoplens_runtime::ModelInfo;

/// Version of the JSON that hoplens gives; it changes when a field is removed or renamed.
const SCHEMA: u32 = 1;

/// A result with the model that it is of.
#[derive(Debug, Serialize)]
pub struct Envelope<'a, T> {
    schema: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'a ModelInfo>,
    #[serde(flatten)]
    result: T,
}

impl<'a, T: Serialize> Envelope<'a, T> {
    pub fn new(model: Option<&'a ModelInfo>, result: T) -> Self {
        Self {
            schema: SCHEMA,
            model,
            result,
        }
    }
}

/// A result in its envelope, as JSON.
///
/// # Errors
/// What cannot be JSON: a number that is none, say.
pub fn document(model: &ModelInfo, result: impl Serialize) -> Result<Value, ShowError> {
    Ok(serde_json::to_value(Envelope::new(Some(model), result))?)
}
