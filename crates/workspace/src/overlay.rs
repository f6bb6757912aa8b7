//! Open buffers over another source of files.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::file_source::FileSource;
use crate::read_error::ReadError;

/// The buffers that are open in an editor, by the absolute paths of their files.
pub trait OpenBuffers: Send + Sync {
    /// Returns the text of the buffer of a file; `None` if the file is not open.
    fn open_text(&self, path: &Path) -> Option<Arc<str>>;
}

impl<S: BuildHasher + Send + Sync> OpenBuffers for HashMap<PathBuf, Arc<str>, S> {
    fn open_text(&self, path: &Path) -> Option<Arc<str>> {
        self.get(path).cloned()
    }
}

impl<B: OpenBuffers + ?Sized> OpenBuffers for &B {
    fn open_text(&self, path: &Path) -> Option<Arc<str>> {
        (**self).open_text(path)
    }
}

impl<B: OpenBuffers + ?Sized> OpenBuffers for Arc<B> {
    fn open_text(&self, path: &Path) -> Option<Arc<str>> {
        (**self).open_text(path)
    }
}

/// Reads open buffers, saved or not, and all other files from `base`.
///
/// The server implements [`OpenBuffers`] for its open documents and reads everything through
/// `Overlay { buffers: &documents, base: &cached_disk }`, where `cached_disk` is the session's one
/// [`CachedDisk`](crate::CachedDisk): then [`companion_files`](crate::companion_files),
/// [`facts()`](crate::facts()) and [`project()`](crate::project()) see unsaved sidecars, partials,
/// promptfoo configurations, `facts.yaml` and `hoplens.toml`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Overlay<B, S> {
    /// The open buffers.
    pub buffers: B,
    /// The source of files that are not open.
    pub base: S,
}

impl<B: OpenBuffers, S: FileSource> FileSource for Overlay<B, S> {
    fn read(&self, path: &Path) -> Result<Option<Arc<str>>, ReadError> {
        match self.buffers.open_text(path) {
            Some(text) => Ok(Some(text)),
            None => self.base.read(path),
        }
    }

    fn is_file(&self, path: &Path) -> bool {
        self.buffers.open_text(path).is_some() || self.base.is_file(path)
    }

    fn is_dir(&self, path: &Path) -> bool {
        self.base.is_dir(path)
    }

    fn files_in(&self, folder: &Path) -> Vec<PathBuf> {
        self.base.files_in(folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::Disk;

    #[test]
    fn an_open_buffer_hides_the_file_and_needs_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("saved"), "on the disk").unwrap();
        std::fs::write(path("edited"), "on the disk").unwrap();
        std::fs::write(path("broken"), b"\xff").unwrap();
        let buffers: HashMap<PathBuf, Arc<str>> = ["edited", "broken", "new"]
            .map(|name| (path(name), Arc::from("in the editor")))
            .into();
        let source = Overlay {
            buffers,
            base: Disk,
        };
        let read = |name: &str| source.read(&path(name)).unwrap();
        assert_eq!(read("saved").as_deref(), Some("on the disk"));
        assert_eq!(read("absent"), None);
        for name in ["edited", "broken", "new"] {
            assert_eq!(read(name).as_deref(), Some("in the editor"), "{name}");
            assert!(source.is_file(&path(name)), "{name}");
        }
        assert!(source.is_file(&path("saved")));
        assert!(!source.is_file(&path("absent")));
        assert!(source.is_dir(folder.path()));
    }
}
