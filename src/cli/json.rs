//! JSON on an output.

use std::io::Write;

use serde::Serialize;

use super::error::CliError;
use crate::model::ModelInfo;
use crate::show::Envelope;

/// Prints one JSON object with `schema`, `model` and the fields of `result`.
pub(super) fn print(
    out: &mut dyn Write,
    model: Option<&ModelInfo>,
    result: impl Serialize,
) -> Result<(), CliError> {
    let envelope = Envelope::new(model, result);
    serde_json::to_writer(&mut *out, &envelope).map_err(std::io::Error::from)?;
    writeln!(out)?;
    Ok(())
}
