//! The project that a file belongs to: the nearest `hoplens.toml` above it.

use std::path::{Path, PathBuf};

use crate::nearest::{nearest, read};
use crate::project::{PROJECT_FILE, Project};
use hoplens_prompt::text::{LineIndex, PositionEncoding};

/// Why a project's settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}. Check its permissions.", path.display())]
    Read {
        /// The `hoplens.toml`.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Its text says what it cannot.
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
    /// The file that cannot be used.
    pub fn path(&self) -> &Path {
        match self {
            Self::Read { path, .. } | Self::Parse { path, .. } => path,
        }
    }
}

/// The settings that hold for a file or folder; the defaults where there is no `hoplens.toml`.
///
/// It is looked for in the folder and those above it, up to one with `.git` in it.
///
/// # Errors
/// There is one that cannot be used.
pub fn project_of(path: &Path) -> Result<Project, ProjectError> {
    match project_file(path) {
        Some(file) => read_project(&file),
        None => Ok(Project::default()),
    }
}

/// The `hoplens.toml` that holds for a file or folder.
pub fn project_file(path: &Path) -> Option<PathBuf> {
    nearest(path, PROJECT_FILE)
}

/// Reads a `hoplens.toml`.
///
/// # Errors
/// It cannot be used.
pub fn read_project(path: &Path) -> Result<Project, ProjectError> {
    let text = read(path)?;
    let project = Project::parse(&text).map_err(|problem| {
        let at = problem.range.map_or(0, |range| range.start);
        let place = LineIndex::new(&text).position(&text, at, PositionEncoding::Utf32);
        ProjectError::Parse {
            path: path.into(),
            line: place.line + 1,
            column: place.column + 1,
            message: problem.message,
        }
    })?;
    let folder = path.parent().map(Path::to_path_buf);
    Ok(Project { folder, ..project })
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let most = |name: &str| project_of(&root.path().join(name)).unwrap().search.most;
        // The file itself need not be there.
        assert_eq!(most("a/b/x.prompt"), Some(1));
        assert_eq!(most("a"), Some(1));
        assert_eq!(most("a/repository/x.prompt"), None);
        write("a/b/hoplens.toml", "\n[search]\nmost = \"some\"\n");
        let error = project_of(&root.path().join("a/b/x.prompt")).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("hoplens.toml:3:8"), "{text}");
    }
}
