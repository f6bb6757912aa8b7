//! The settings of the project that a command works in.

use std::path::Path;

use super::error::CliError;
use super::global::Global;
use crate::engine::project_of;
use crate::hop::{Project, Settings};

/// The project of the working folder.
pub(super) fn of_folder() -> Result<Project, CliError> {
    Ok(project_of(Path::new("."))?)
}

/// What the analysis of a file depends on: the flags, then the `hoplens.toml` above the file.
pub(super) fn settings(path: &str, global: &Global) -> Result<Settings, CliError> {
    let mut settings = project_of(Path::new(path))?.settings();
    if let Some(bos) = global.bos_flag() {
        settings.bos = bos;
    }
    Ok(settings)
}
