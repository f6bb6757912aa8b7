//! File locks, and names of incomplete files.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use crate::error::EvalError;

/// Locks a file until it is closed. Logs a warning on file systems without locks.
///
/// # Errors
/// Another process holds the lock.
pub(super) fn lock(file: &File, path: &Path) -> Result<(), EvalError> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(in_use(path)),
        Err(TryLockError::Error(error)) => {
            let path = path.display();
            tracing::warn!(
                "cannot lock {path}: {error}. Do not start another run there until this one is done."
            );
            Ok(())
        }
    }
}

/// Returns the error that another process holds the lock.
pub(super) fn in_use(path: &Path) -> EvalError {
    EvalError::ForeignFile {
        path: path.into(),
        reason: "another run is writing it. Wait for that run, or use another output folder."
            .into(),
    }
}

/// Returns the path of a run's file while it is incomplete. The path is always the same, so that
/// killed runs leave at most one such file, which the next run overwrites. Only the holder of the
/// journal's lock uses it.
pub fn part_of(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.part"))
}
