//! Files that many prompts share, read again only when they changed.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use dashmap::DashMap;

/// Bytes of the largest file that is read from the disk; prompts are smaller by far.
pub(super) const LARGEST: u64 = 16 << 20;

/// What tells that a file changed: when it was written, and its length.
pub(super) type Stamp = (Option<SystemTime>, u64);

/// The stamp of a file; `None` where there is none, or none of a bearable size.
pub(super) fn stamp(path: &Path) -> Option<Stamp> {
    let about = std::fs::metadata(path).ok()?;
    let fits = about.is_file() && about.len() <= LARGEST;
    fits.then(|| (about.modified().ok(), about.len()))
}

/// The texts of such files.
#[derive(Debug, Default)]
pub(super) struct Texts {
    read: DashMap<PathBuf, (Stamp, Option<Arc<str>>)>,
}

impl Texts {
    /// The text of a file, if it is there and is text.
    pub(super) fn of(&self, path: &Path) -> Option<Arc<str>> {
        let Some(now) = stamp(path) else {
            self.read.remove(path);
            return None;
        };
        if let Some(known) = self.read.get(path)
            && known.0 == now
        {
            return known.1.clone();
        }
        let text: Option<Arc<str>> = std::fs::read_to_string(path).ok().map(Into::into);
        self.read.insert(path.into(), (now, text.clone()));
        text
    }

    /// Has a file read again, whatever the clock says.
    pub(super) fn forget(&self, path: &Path) {
        self.read.remove(path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_kept_until_its_file_changes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.yaml");
        let texts = Texts::default();
        assert_eq!(texts.of(&path), None);
        std::fs::write(&path, "one").unwrap();
        let first = texts.of(&path).unwrap();
        assert!(Arc::ptr_eq(&first, &texts.of(&path).unwrap()));
        texts.forget(&path);
        assert!(!Arc::ptr_eq(&first, &texts.of(&path).unwrap()));
        std::fs::write(&path, "other").unwrap();
        assert_eq!(texts.of(&path).as_deref(), Some("other"));
        std::fs::remove_file(&path).unwrap();
        assert_eq!(texts.of(&path), None);
    }
}
