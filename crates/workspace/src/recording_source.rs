//! Records which files are read.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::file_source::FileSource;
use crate::read_error::ReadError;

/// A source of files that records every file that is read or looked for, whether or not it exists.
///
/// What was read through it depends on these files: if one of them changes, appears or goes, it must
/// be read again. Folders are not recorded.
#[derive(Debug, Default)]
pub struct RecordingSource<S> {
    base: S,
    paths: Mutex<BTreeSet<PathBuf>>,
}

impl<S: FileSource> RecordingSource<S> {
    /// Returns a source that reads from `base`.
    pub const fn new(base: S) -> Self {
        Self {
            base,
            paths: Mutex::new(BTreeSet::new()),
        }
    }

    /// Returns the files that were read or looked for.
    pub fn into_paths(self) -> BTreeSet<PathBuf> {
        // A panic elsewhere leaves a whole set behind.
        self.paths
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn record(&self, path: &Path) {
        let mut paths = self.paths.lock().unwrap_or_else(PoisonError::into_inner);
        paths.insert(path.into());
    }
}

impl<S: FileSource> FileSource for RecordingSource<S> {
    fn read(&self, path: &Path) -> Result<Option<Arc<str>>, ReadError> {
        self.record(path);
        self.base.read(path)
    }

    fn is_file(&self, path: &Path) -> bool {
        self.record(path);
        self.base.is_file(path)
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
    use crate::companions::companion_files;
    use crate::disk::Disk;

    #[test]
    fn files_that_exist_and_files_that_do_not_are_recorded() {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        std::fs::create_dir_all(path("r/p/.git")).unwrap();
        std::fs::write(path("r/p/c.json"), "1").unwrap();
        let text = "---\nmodel: {api: chat}\nsample: {a: '${file:c.json}', b: '${file:gone.json}'}\n---\nuser:\n{{a}}\n";
        let source = RecordingSource::new(Disk);
        companion_files(&source, &path("r/p/x.prompty"), "x.prompty", text);
        let paths = source.into_paths();
        for name in [
            "r/p/c.json",
            "r/p/gone.json",
            "r/p/x.prompty.hoplens.yaml",
            "r/p/promptfooconfig.yaml",
        ] {
            assert!(paths.contains(&path(name)), "{name}: {paths:?}");
        }
        assert!(!paths.contains(&path("r/promptfooconfig.yaml")));
    }
}
