//! Locks that allow one fetch of a file at a time, across processes.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::Duration;

use crate::error::OnPath;
use crate::error::StoreError;
use crate::progress::FetchJob;

/// A lock on one file while it is fetched. The operating system releases it when the process ends in
/// any way. The lock file stays: removing it would race with the next holder.
pub(super) struct FetchLock(#[expect(dead_code, reason = "holding it open is the lock")] File);

/// Takes the lock; waits until it is free or the job is cancelled.
pub(super) fn acquire(path: &Path, job: FetchJob) -> Result<FetchLock, StoreError> {
    let file = open(path)?;
    let mut notified = false;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(FetchLock(file)),
            Err(TryLockError::WouldBlock) => {
                if !notified {
                    job.progress.note(&format!(
                        "waiting for another process that is fetching {}",
                        job.name
                    ));
                    notified = true;
                }
                job.wait(Duration::from_millis(200))?;
            }
            Err(TryLockError::Error(source)) => return Err(source).on("lock", path),
        }
    }
}

/// Takes the lock if it is free.
pub(super) fn try_acquire(path: &Path) -> Result<Option<FetchLock>, StoreError> {
    let file = open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(FetchLock(file))),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(source)) => Err(source).on("lock", path),
    }
}

fn open(path: &Path) -> Result<File, StoreError> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).on("create the folder", folder)?;
    }
    File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .on("open the lock", path)
}
