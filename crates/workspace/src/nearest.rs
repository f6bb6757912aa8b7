//! Files above a prompt that have a say in it.

use std::path::{Component, Path, PathBuf};

use crate::project_file::ProjectError;
use hoplens_prompt::{FACTS_FILE, Facts, parse_facts};

/// Bytes of the largest file that is read; such files are smaller by far.
const LARGEST: u64 = 16 << 20;

/// A path with all folders above it, and without `.` and `..`.
pub fn whole_path(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.into());
    let mut whole = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                whole.pop();
            }
            part => whole.push(part),
        }
    }
    whole
}

/// The nearest file of a name in the folder of a path and those above it, up to one with `.git`.
pub(super) fn nearest(path: &Path, name: &str) -> Option<PathBuf> {
    let path = whole_path(path);
    for folder in path.ancestors().filter(|folder| folder.is_dir()) {
        let file = folder.join(name);
        if file.is_file() {
            return Some(file);
        }
        if folder.join(".git").exists() {
            return None;
        }
    }
    None
}

/// The text of a file that somebody put above a prompt.
pub(super) fn read(path: &Path) -> Result<String, ProjectError> {
    let failed = |source| ProjectError::Read {
        path: path.into(),
        source,
    };
    let about = std::fs::metadata(path).map_err(failed)?;
    if about.len() > LARGEST {
        let what = format!("it has more than {} MB", LARGEST >> 20);
        return Err(failed(std::io::Error::other(what)));
    }
    std::fs::read_to_string(path).map_err(failed)
}

/// The facts that hold for a prompt: the nearest `facts.yaml`; none where there is none. What is
/// wrong with them is told of in the log, and what is right is used.
///
/// # Errors
/// There is one that cannot be read.
pub fn facts_of(prompt: &Path) -> Result<Facts, ProjectError> {
    let Some(path) = nearest(prompt, FACTS_FILE) else {
        return Ok(Facts::default());
    };
    let facts = parse_facts(&read(&path)?);
    for problem in &facts.problems {
        tracing::warn!("{}: {}", path.display(), problem.message);
    }
    Ok(facts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_whole_without_detours() {
        let root = Path::new("/a/b/../c/./d");
        assert_eq!(whole_path(root), Path::new("/a/c/d"));
        assert!(whole_path(Path::new("x")).is_absolute());
    }

    #[test]
    fn facts_of_another_repository_are_not_ours() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("repository/prompts");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(root.path().join("facts.yaml"), "a: b").unwrap();
        let count = || facts_of(&folder.join("x.prompt")).unwrap().list.len();
        assert_eq!(count(), 1);
        std::fs::create_dir(root.path().join("repository/.git")).unwrap();
        assert_eq!(count(), 0);
        std::fs::write(folder.join("facts.yaml"), "a: b\nc: d").unwrap();
        assert_eq!(count(), 2);
    }
}
