//! Reads the settings of the project that a command works in.

use std::path::Path;

use crate::cli::error::CliError;
use crate::cli::global::Global;
use crate::settings::analysis_settings;
use hoplens_analysis::AnalysisSettings;
use hoplens_workspace::{Disk, Project, project};

/// Returns the project of the working folder.
pub(super) fn of_folder() -> Result<Project, CliError> {
    Ok(project(&Disk, Path::new("."))?)
}

/// Returns the analysis settings of a file: from the `hoplens.toml` above it, overridden by the
/// flags.
pub(super) fn settings(path: &str, global: &Global) -> Result<AnalysisSettings, CliError> {
    let mut settings = analysis_settings(&project(&Disk, Path::new(path))?);
    if let Some(bos) = global.bos_flag() {
        settings.bos = bos;
    }
    Ok(settings)
}
