//! The settings of projects, read again only when their file changed, and what is wrong with them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use dashmap::DashMap;
use tower_lsp_server::ls_types as lsp;

use crate::server::convert;
use crate::server::disk::{Stamp, stamp};
use crate::server::documents::Document;
use crate::server::key::Key;
use hoplens_prompt::text::PositionEncoding;
use hoplens_workspace::{Disk, PROJECT_FILE, Project, ProjectError, project_file, read_project};

/// The projects that were read.
#[derive(Debug, Default)]
pub(super) struct Projects {
    read: DashMap<PathBuf, (Option<Stamp>, Arc<Project>)>,
}

impl Projects {
    /// The settings that hold for a file or folder. A `hoplens.toml` that cannot be used is left
    /// out; why is said the first time after each change of it.
    pub(super) fn of(&self, path: &Path) -> (Arc<Project>, Option<ProjectError>) {
        let Some(file) = project_file(&Disk, path) else {
            return (Arc::default(), None);
        };
        let stamp = stamp(&file);
        if let Some(known) = self.read.get(&file)
            && known.0 == stamp
        {
            return (Arc::clone(&known.1), None);
        }
        let (project, error) = match read_project(&Disk, &file) {
            Ok(project) => (Arc::new(project), None),
            Err(error) => (Arc::default(), Some(error)),
        };
        // Of two that read it at once only one tells.
        let before = self.read.insert(file, (stamp, Arc::clone(&project)));
        let is_told = before.is_some_and(|before| before.0 == stamp);
        (project, error.filter(|_| !is_told))
    }

    /// Has a file read again, whatever the clock says.
    pub(super) fn forget(&self, key: &Key) {
        if let Some(path) = key.path() {
            self.read.remove(path);
        }
    }
}

/// Whether a document holds a project's settings.
pub(super) fn is_project(key: &Key) -> bool {
    let name = key.path().and_then(Path::file_name);
    name.is_some_and(|name| name == PROJECT_FILE)
}

/// What is wrong with settings that are open in the editor, as they stand there.
pub(super) fn diagnostics(document: &Document, encoding: PositionEncoding) -> Vec<lsp::Diagnostic> {
    let Err(problem) = Project::parse(&document.text) else {
        return Vec::new();
    };
    let first = document.text.lines().next().unwrap_or_default().len();
    let range = problem.range.unwrap_or(0..first);
    let place = |offset| convert::position(&document.text, &document.index, offset, encoding);
    vec![lsp::Diagnostic {
        range: lsp::Range {
            start: place(range.start),
            end: place(range.end),
        },
        severity: Some(lsp::DiagnosticSeverity::ERROR),
        source: Some("hoplens".to_owned()),
        message: format!(
            "{}. Until it is mended, none of these settings counts.",
            problem.message.trim_end_matches('.')
        ),
        ..lsp::Diagnostic::default()
    }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_again_when_it_changed_and_told_of_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(PROJECT_FILE);
        let prompt = folder.path().join("a.prompt");
        let projects = Projects::default();
        let most = || projects.of(&prompt).0.search.most;
        std::fs::write(&file, "[search]\nmost = 1\n").unwrap();
        assert_eq!(most(), Some(1));
        let first = projects.of(&prompt).0;
        assert!(Arc::ptr_eq(&first, &projects.of(&prompt).0));
        std::fs::write(&file, "[search]\nmost = \"many\"\n").unwrap();
        let (project, error) = projects.of(&prompt);
        assert_eq!(project.search.most, None);
        assert_eq!(error.unwrap().path(), file);
        assert!(projects.of(&prompt).1.is_none());
        projects.forget(&Key::File(file.clone()));
        assert!(projects.of(&prompt).1.is_some());
        std::fs::write(&file, "[search]\nmost = 23\n").unwrap();
        assert_eq!(most(), Some(23));
    }
}
