//! Reads prompt files.

use std::path::Path;

use crate::cli::error::CliError;
use hoplens_ide::Snapshot;
use hoplens_workspace::{Disk, companion_files, project, read_file};

/// Returns the text of a file that the user named, whatever its size.
pub(super) fn read(path: &Path) -> Result<String, CliError> {
    Ok(read_file(path, u64::MAX)?.as_ref().to_owned())
}

/// Reads a prompt file with its companions: its sidecar, its partials, and the promptfoo
/// configuration that names it.
pub(super) fn open(path: &Path) -> Result<Snapshot, CliError> {
    // A text that is too long for any model is a finding, not an error.
    let text = read(path)?;
    let name = path.to_string_lossy().into_owned();
    let companions = companion_files(&Disk, path, &name, &text);
    if let Some(error) = companions.sidecar_error {
        return Err(error.into());
    }
    let project = project(&Disk, path)?;
    let mut snapshot = Snapshot::read(name, text, companions.as_beside());
    snapshot.file.suppressed.extend(project.suppressions());
    Ok(snapshot)
}
