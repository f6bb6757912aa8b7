//! The interface through which hoplens reads prompt files and the files that belong to them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::read_error::ReadError;

/// Reads text files: from the disk ([`Disk`](crate::Disk), [`CachedDisk`](crate::CachedDisk)), or
/// from open buffers over another source ([`Overlay`](crate::Overlay)).
///
/// Symbolic links are followed. No implementation holds a lock while it waits for the disk.
pub trait FileSource: Send + Sync {
    /// Returns the text of a file; `None` if there is no regular file at `path`.
    ///
    /// # Errors
    /// The file exists but cannot be read, is too large, or is not UTF-8.
    fn read(&self, path: &Path) -> Result<Option<Arc<str>>, ReadError>;

    /// Returns whether there is a regular file at `path`.
    fn is_file(&self, path: &Path) -> bool;

    /// Returns whether there is a folder at `path`.
    fn is_dir(&self, path: &Path) -> bool;

    /// Returns the files and folders in a folder, in any order; none if it cannot be read.
    fn files_in(&self, folder: &Path) -> Vec<PathBuf>;
}

impl<S: FileSource + ?Sized> FileSource for &S {
    fn read(&self, path: &Path) -> Result<Option<Arc<str>>, ReadError> {
        (**self).read(path)
    }

    fn is_file(&self, path: &Path) -> bool {
        (**self).is_file(path)
    }

    fn is_dir(&self, path: &Path) -> bool {
        (**self).is_dir(path)
    }

    fn files_in(&self, folder: &Path) -> Vec<PathBuf> {
        (**self).files_in(folder)
    }
}

impl<S: FileSource + ?Sized> FileSource for Arc<S> {
    fn read(&self, path: &Path) -> Result<Option<Arc<str>>, ReadError> {
        (**self).read(path)
    }

    fn is_file(&self, path: &Path) -> bool {
        (**self).is_file(path)
    }

    fn is_dir(&self, path: &Path) -> bool {
        (**self).is_dir(path)
    }

    fn files_in(&self, folder: &Path) -> Vec<PathBuf> {
        (**self).files_in(folder)
    }
}
