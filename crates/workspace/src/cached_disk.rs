//! Files on the disk that many prompts share, read again only when they changed.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use crate::disk::Disk;
use crate::file_source::FileSource;
use crate::read_error::ReadError;

/// Reads files from the disk like [`Disk`], and keeps each text until the file's modification
/// time or length changes.
///
/// Meant for a process that reads the same companions again and again, such as the server. Call
/// [`forget`](Self::forget) where the client reports a change: two writes within one tick of the
/// file system's clock may leave the same time and length.
#[derive(Debug, Default)]
pub struct CachedDisk {
    entries: Mutex<HashMap<PathBuf, CacheEntry>>,
}

type ReadResult = Result<Option<Arc<str>>, ReadError>;

#[derive(Debug, Clone)]
struct CacheEntry {
    stamp: FileStamp,
    result: ReadResult,
}

/// What shows that a file changed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct FileStamp {
    modified: Option<SystemTime>,
    len: u64,
}

impl FileStamp {
    /// Returns the stamp of a regular file; `None` if there is none at `path`.
    fn of(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok()?;
        metadata.is_file().then(|| Self {
            modified: metadata.modified().ok(),
            len: metadata.len(),
        })
    }
}

impl CachedDisk {
    /// Drops the text of a file, so that it is read again whatever its stamp.
    pub fn forget(&self, path: &Path) {
        self.entries().remove(path);
    }

    /// Locks the map. The lock is never held while the disk is read.
    fn entries(&self) -> MutexGuard<'_, HashMap<PathBuf, CacheEntry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FileSource for CachedDisk {
    fn read(&self, path: &Path) -> ReadResult {
        // Taken before the read: a change in between makes the next call read again.
        let Some(stamp) = FileStamp::of(path) else {
            self.forget(path);
            return Disk.read(path);
        };
        let kept = self.entries().get(path).cloned();
        if let Some(entry) = kept.filter(|entry| entry.stamp == stamp) {
            return entry.result;
        }
        let result = Disk.read(path);
        let entry = CacheEntry {
            stamp,
            result: result.clone(),
        };
        self.entries().insert(path.into(), entry);
        result
    }

    fn is_file(&self, path: &Path) -> bool {
        Disk.is_file(path)
    }

    fn is_dir(&self, path: &Path) -> bool {
        Disk.is_dir(path)
    }

    fn files_in(&self, folder: &Path) -> Vec<PathBuf> {
        Disk.files_in(folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_kept_until_its_file_changes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.yaml");
        let source = CachedDisk::default();
        let read = || source.read(&path).unwrap();
        assert_eq!(read(), None);
        std::fs::write(&path, "one").unwrap();
        let first = read().unwrap();
        assert!(Arc::ptr_eq(&first, &read().unwrap()));
        source.forget(&path);
        assert!(!Arc::ptr_eq(&first, &read().unwrap()));
        std::fs::write(&path, "other").unwrap();
        assert_eq!(read().as_deref(), Some("other"));
        std::fs::remove_file(&path).unwrap();
        assert_eq!(read(), None);
    }

    #[test]
    fn an_unusable_file_is_reported_until_it_changes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.yaml");
        let source = CachedDisk::default();
        std::fs::write(&path, b"\xff").unwrap();
        for _ in 0..2 {
            assert!(source.read(&path).is_err());
        }
        std::fs::write(&path, "fine").unwrap();
        assert_eq!(source.read(&path).unwrap().as_deref(), Some("fine"));
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        assert_eq!(source.read(&path).unwrap(), None);
    }
}
