//! The settings of the project that a file belongs to: the nearest `hoplens.toml` above it.

use std::path::{Path, PathBuf};

use hoplens_prompt::text::{LineIndex, PositionEncoding};

use crate::file_source::FileSource;
use crate::nearest::nearest;
use crate::project::{PROJECT_FILE, Project};
use crate::read_error::ReadError;

/// Why a project's settings cannot be used.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ProjectError {
    /// The file cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The text is not a valid `hoplens.toml`.
    #[error("{}:{line}:{column}: {message}. docs/settings.md has every key.", path.display())]
    Parse {
        /// The `hoplens.toml`.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// From 1, in characters.
        column: usize,
        /// The key or value and the cause.
        message: String,
    },
}

impl ProjectError {
    /// Returns the file that cannot be used.
    pub fn path(&self) -> &Path {
        match self {
            Self::Read(error) => error.path(),
            Self::Parse { path, .. } => path,
        }
    }
}

/// Returns the settings for a file or folder; the defaults where there is no `hoplens.toml`.
///
/// The search looks in the folder and those above it, up to one with `.git` in it.
///
/// # Errors
/// There is a `hoplens.toml` that cannot be used.
pub fn project(source: &dyn FileSource, path: &Path) -> Result<Project, ProjectError> {
    match project_file(source, path) {
        Some(file) => read_project(source, &file),
        None => Ok(Project::default()),
    }
}

/// Returns the path of the `hoplens.toml` for a file or folder.
pub fn project_file(source: &dyn FileSource, path: &Path) -> Option<PathBuf> {
    nearest(source, path, PROJECT_FILE)
}

/// Reads a `hoplens.toml`; the defaults if there is none at `path`.
///
/// # Errors
/// It cannot be used.
pub fn read_project(source: &dyn FileSource, path: &Path) -> Result<Project, ProjectError> {
    match source.read(path)? {
        Some(text) => parse_project(path, &text),
        None => Ok(Project::default()),
    }
}

/// Parses the text of the `hoplens.toml` at `path`.
pub(crate) fn parse_project(path: &Path, text: &str) -> Result<Project, ProjectError> {
    let project = Project::parse(text).map_err(|problem| {
        let start = problem.range.map_or(0, |range| range.start);
        let position = LineIndex::new(text).position(text, start, PositionEncoding::Utf32);
        ProjectError::Parse {
            path: path.into(),
            line: position.line + 1,
            column: position.column + 1,
            message: problem.message,
        }
    })?;
    let folder = path.parent().map(Path::to_path_buf);
    Ok(Project { folder, ..project })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::Disk;

    #[test]
    fn the_nearest_file_counts_and_a_repository_ends_the_search() {
        let root = tempfile::tempdir().unwrap();
        let folder = |name: &str| {
            let path = root.path().join(name);
            std::fs::create_dir_all(&path).unwrap();
            path
        };
        let write = |name: &str, text: &str| std::fs::write(root.path().join(name), text).unwrap();
        folder("a/b");
        folder("a/repository/.git");
        write("a/hoplens.toml", "[search]\nmost = 1\n");
        let most = |name: &str| project(&Disk, &root.path().join(name)).unwrap().search.most;
        // The file itself need not exist.
        assert_eq!(most("a/b/x.prompt"), Some(1));
        assert_eq!(most("a"), Some(1));
        assert_eq!(most("a/repository/x.prompt"), None);
        write("a/b/hoplens.toml", "\n[search]\nmost = \"some\"\n");
        let error = project(&Disk, &root.path().join("a/b/x.prompt")).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("hoplens.toml:3:8"), "{text}");
    }
}
