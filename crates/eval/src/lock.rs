//! One writer at a time, and files that appear when they are whole.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use crate::error::EvalError;

/// Locks a file for as long as it is open.
///
/// File systems without locks get a warning: whoever uses them keeps runs apart.
pub(super) fn lock(file: &File, path: &Path) -> Result<(), EvalError> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(in_use(path)),
        Err(TryLockError::Error(error)) => {
            let path = path.display();
            tracing::warn!(
                "cannot lock {path}: {error}. Let no other run write there until this one is done."
            );
            Ok(())
        }
    }
}

/// Another process has it.
pub(super) fn in_use(path: &Path) -> EvalError {
    EvalError::Journal {
        path: path.into(),
        reason: "another run is writing it. Wait for that one, or name another --out.".into(),
    }
}

/// The name of a file of a run while it is not whole: always the same, so that kills leave no
/// more than one, which the next run writes over. Only whoever holds the journal's lock uses it.
pub fn part_of(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.part"))
}
