//! Parsed facts, kept until their text changes.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hoplens_prompt::{FACTS_FILE, Facts};

use crate::facts::read_facts;
use crate::file_source::FileSource;
use crate::nearest::nearest;
use crate::read_error::ReadError;

/// Keeps parsed `facts.yaml` files until their text changes.
#[derive(Debug, Default)]
pub struct FactsCache {
    entries: Mutex<HashMap<PathBuf, FactsEntry>>,
}

#[derive(Debug, Clone)]
struct FactsEntry {
    /// The text, or the message of the error.
    text: Result<Arc<str>, String>,
    facts: Arc<Facts>,
}

impl FactsCache {
    /// Returns the facts for a prompt, like [`facts()`](crate::facts()).
    ///
    /// A `facts.yaml` that cannot be read counts as absent. That, and entries that cannot be used,
    /// are logged once after each change of the file.
    pub fn get(&self, source: &dyn FileSource, prompt: &Path) -> Arc<Facts> {
        let Some(path) = nearest(source, prompt, FACTS_FILE) else {
            return Arc::default();
        };
        let text = match source.read(&path) {
            Ok(Some(text)) => Ok(text),
            Ok(None) => return Arc::default(),
            Err(error) => Err(ReadError::to_string(&error)),
        };
        let kept = self.entries().get(&path).cloned();
        if let Some(entry) = kept.filter(|entry| entry.text == text) {
            return entry.facts;
        }
        let facts = match &text {
            Ok(text) => Arc::new(read_facts(&path, text)),
            Err(error) => {
                tracing::warn!(%error, "the facts are left out");
                Arc::default()
            }
        };
        let entry = FactsEntry {
            text,
            facts: Arc::clone(&facts),
        };
        self.entries().insert(path, entry);
        facts
    }

    /// Locks the map. The lock is never held while a file is read.
    fn entries(&self) -> MutexGuard<'_, HashMap<PathBuf, FactsEntry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::Disk;
    use crate::overlay::Overlay;

    #[test]
    fn facts_are_parsed_again_when_their_text_changes() {
        let folder = tempfile::tempdir().unwrap();
        let (path, prompt) = (folder.path().join(FACTS_FILE), folder.path().join("a.txt"));
        let cache = FactsCache::default();
        assert!(cache.get(&Disk, &prompt).list.is_empty());
        std::fs::write(&path, "a: b\n").unwrap();
        let first = cache.get(&Disk, &prompt);
        assert_eq!(first.list.len(), 1);
        assert!(Arc::ptr_eq(&first, &cache.get(&Disk, &prompt)));
        let unsaved = Overlay {
            buffers: HashMap::from([(path.clone(), Arc::from("a: b\nc: d\n"))]),
            base: Disk,
        };
        assert_eq!(cache.get(&unsaved, &prompt).list.len(), 2);
        assert_eq!(cache.get(&Disk, &prompt).list.len(), 1);
        std::fs::remove_file(&path).unwrap();
        assert!(cache.get(&Disk, &prompt).list.is_empty());
    }

    #[test]
    fn an_unreadable_file_has_no_facts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FACTS_FILE);
        std::fs::write(&path, b"a: \xff").unwrap();
        let cache = FactsCache::default();
        assert!(cache.get(&Disk, folder.path()).list.is_empty());
        std::fs::write(&path, "a: b").unwrap();
        assert_eq!(cache.get(&Disk, folder.path()).list.len(), 1);
    }
}
