//! Prints results as JSON.

use std::io::Write;

use serde::Serialize;

use crate::cli::error::CliError;
use hoplens_ide::documents::Envelope;
use hoplens_runtime::ModelInfo;

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
