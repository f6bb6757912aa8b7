//! Parsed project settings, kept until their text changes.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::file_source::FileSource;
use crate::project::Project;
use crate::project_file::{ProjectError, parse_project, project_file};
use crate::read_error::ReadError;

/// Keeps parsed `hoplens.toml` files until their text changes.
#[derive(Debug, Default)]
pub struct ProjectCache {
    entries: Mutex<HashMap<PathBuf, ProjectEntry>>,
}

#[derive(Debug, Clone)]
struct ProjectEntry {
    /// The text, or the message of the error.
    text: Result<Arc<str>, String>,
    project: Arc<Project>,
}

impl ProjectCache {
    /// Returns the settings for a file or folder, and the error that the user should see.
    ///
    /// A `hoplens.toml` that cannot be used counts as absent: the settings are the defaults. Its
    /// error is returned to one caller after each change of the file.
    pub fn get(
        &self,
        source: &dyn FileSource,
        path: &Path,
    ) -> (Arc<Project>, Option<ProjectError>) {
        let Some(file) = project_file(source, path) else {
            return (Arc::default(), None);
        };
        let read = match source.read(&file) {
            Ok(Some(text)) => Ok(text),
            Ok(None) => return (Arc::default(), None),
            Err(error) => Err(error),
        };
        let text = read.as_ref().map(Arc::clone).map_err(ReadError::to_string);
        let kept = self.entries().get(&file).cloned();
        if let Some(entry) = kept.filter(|entry| entry.text == text) {
            return (entry.project, None);
        }
        let parsed = read
            .map_err(ProjectError::from)
            .and_then(|text| parse_project(&file, &text));
        let (project, error) = match parsed {
            Ok(project) => (Arc::new(project), None),
            Err(error) => (Arc::default(), Some(error)),
        };
        let entry = ProjectEntry {
            text: text.clone(),
            project: Arc::clone(&project),
        };
        // Of two callers that parse the same text at once, one gets the error.
        let before = self.entries().insert(file, entry);
        let is_reported = before.is_some_and(|before| before.text == text);
        (project, error.filter(|_| !is_reported))
    }

    /// Drops the settings of a `hoplens.toml`, so that it is parsed, and its error returned, again.
    pub fn forget(&self, file: &Path) {
        self.entries().remove(file);
    }

    /// Locks the map. The lock is never held while a file is read.
    fn entries(&self) -> MutexGuard<'_, HashMap<PathBuf, ProjectEntry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::Disk;
    use crate::overlay::Overlay;
    use crate::project::PROJECT_FILE;

    #[test]
    fn a_changed_file_is_parsed_again_and_its_error_returned_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(PROJECT_FILE);
        let prompt = folder.path().join("a.prompt");
        let projects = ProjectCache::default();
        let get = || projects.get(&Disk, &prompt);
        std::fs::write(&file, "[search]\nmost = 1\n").unwrap();
        let first = get().0;
        assert_eq!(first.search.most, Some(1));
        assert!(Arc::ptr_eq(&first, &get().0));
        std::fs::write(&file, "[search]\nmost = \"many\"\n").unwrap();
        let (project, error) = get();
        assert_eq!(project.search.most, None);
        assert_eq!(error.unwrap().path(), file);
        assert!(get().1.is_none());
        projects.forget(&file);
        assert!(get().1.is_some());
        std::fs::write(&file, "[search]\nmost = 23\n").unwrap();
        assert_eq!(get().0.search.most, Some(23));
        std::fs::remove_file(&file).unwrap();
        assert_eq!(get().0.search.most, None);
    }

    #[test]
    fn an_unreadable_file_leaves_the_defaults_and_is_reported_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(PROJECT_FILE);
        std::fs::write(&file, b"model = \"\xff\"").unwrap();
        let projects = ProjectCache::default();
        let (project, error) = projects.get(&Disk, folder.path());
        assert_eq!(*project, Project::default());
        let message = error.unwrap().to_string();
        assert!(message.contains("offset 9"), "{message}");
        assert!(projects.get(&Disk, folder.path()).1.is_none());
    }

    #[test]
    fn unsaved_settings_count() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(PROJECT_FILE);
        let buffer = |text: &str| Overlay {
            buffers: HashMap::from([(file.clone(), Arc::from(text))]),
            base: Disk,
        };
        let projects = ProjectCache::default();
        let most = |text: &str| {
            let (project, error) = projects.get(&buffer(text), folder.path());
            (project.search.most, error.is_some())
        };
        assert_eq!(most("[search]\nmost = 3\n"), (Some(3), false));
        assert_eq!(most("[search]\nmost = "), (None, true));
        assert_eq!(most("[search]\nmost = "), (None, false));
        assert_eq!(most("[search]\nmost = 4\n"), (Some(4), false));
    }
}
