//! A run on the terminal.

use std::io::Write;
use std::path::Path;

use super::super::error::CliError;
use super::markdown;
use crate::eval::Outcome;
use crate::model::ModelInfo;

/// The tables, and where the files are.
pub(super) fn print(
    out: &mut dyn Write,
    model: &ModelInfo,
    outcome: &Outcome,
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
