//! Writes files atomically.

use std::io::Write;
use std::path::Path;

use crate::cli::error::CliError;

/// Replaces the content of a file with `bytes`, or creates the file. Follows a link and keeps
/// permissions.
///
/// # Errors
/// [`CliError::Write`].
pub(super) fn whole(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    replace(path, bytes).map_err(|source| failed(path, source))
}

/// Checks before a long computation that its result can be written: that a file can be created in
/// the folder.
///
/// # Errors
/// [`CliError::Write`].
pub(super) fn check_folder(path: &Path) -> Result<(), CliError> {
    tempfile::tempfile_in(folder(path))
        .map(drop)
        .map_err(|source| failed(path, source))
}

/// Returns the error of a file that cannot be written.
pub(super) fn failed(path: &Path, source: std::io::Error) -> CliError {
    CliError::Write {
        path: path.into(),
        source,
    }
}

fn folder(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| *folder != Path::new(""))
        .unwrap_or(Path::new("."))
}

fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.into());
    let mut builder = tempfile::Builder::new();
    // Readable as any new file, as far as the umask allows.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder(&path))?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    if let Ok(about) = std::fs::metadata(&path) {
        file.as_file().set_permissions(about.permissions())?;
    }
    file.persist(&path).map_err(|error| error.error)?;
    Ok(())
}
