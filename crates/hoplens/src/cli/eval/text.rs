//! Prints the results of a run as text.

use std::io::Write;
use std::path::Path;

use crate::cli::error::CliError;
use crate::cli::eval::markdown;
use hoplens_eval::ExperimentOutcome;
use hoplens_runtime::ModelInfo;

/// Prints the tables and the folder of the files.
pub(super) fn print(
    out: &mut dyn Write,
    model: &ModelInfo,
    outcome: &ExperimentOutcome,
    folder: Option<&Path>,
) -> Result<(), CliError> {
    write!(out, "{}", markdown::tables(model, outcome))?;
    if let Some(folder) = folder {
        writeln!(
            out,
            "\nTables, pictures and every number: {}",
            folder.display()
        )?;
    }
    Ok(())
}
