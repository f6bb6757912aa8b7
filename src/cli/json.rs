//! The envelope of every JSON result.

use std::io::Write;

use serde::Serialize;

use super::error::CliError;
use crate::model::ModelInfo;

/// Version of the JSON that hoplens prints; it changes when a field is removed or renamed.
const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Envelope<'a, T> {
    schema: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'a ModelInfo>,
    #[serde(flatten)]
    result: T,
}

/// Prints one JSON object with `schema`, `model` and the fields of `result`.
pub(super) fn print(
    out: &mut dyn Write,
    model: Option<&ModelInfo>,
    result: impl Serialize,
) -> Result<(), CliError> {
    let envelope = Envelope {
        schema: SCHEMA,
        model,
        result,
    };
    serde_json::to_writer(&mut *out, &envelope).map_err(std::io::Error::from)?;
    writeln!(out)?;
    Ok(())
}
