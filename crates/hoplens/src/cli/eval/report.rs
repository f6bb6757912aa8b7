//! Reports the results of a complete run.

use std::path::Path;

use crate::cli::error::CliError;
use crate::cli::eval::{files, text};
use crate::cli::global::{Global, OutputFormat};
use crate::cli::json;
use hoplens_eval::JournalHeader;
use hoplens_runtime::ModelInfo;

/// Writes the result files of a run into `folder`, if given, and prints the results on standard
/// output.
pub(in crate::cli::eval) fn report(
    header: &JournalHeader,
    outcome: &hoplens_eval::ExperimentOutcome,
    folder: Option<&Path>,
    global: &Global,
) -> Result<(), CliError> {
    let model: &ModelInfo = &header.model;
    if let Some(folder) = folder {
        files::write_all(folder, model, outcome)?;
    }
    let out = &mut anstream::stdout().lock();
    if global.format() == OutputFormat::Json {
        json::print(out, Some(model), outcome)?;
    } else {
        text::print(out, model, outcome, folder)?;
    }
    Ok(())
}
