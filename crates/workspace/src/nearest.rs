//! Files in the folders above a prompt.

use std::path::{Component, Path, PathBuf};

use crate::file_source::FileSource;

/// Returns the absolute path without `.` and `..`. Links are not resolved.
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

/// Returns the nearest file called `name` in the folder of `path` (or `path` itself if it is a
/// folder) or in one above it. The search ends at the root of a repository: a folder with `.git`.
pub fn nearest(source: &dyn FileSource, path: &Path, name: &str) -> Option<PathBuf> {
    let path = whole_path(path);
    for folder in path.ancestors().filter(|folder| source.is_dir(folder)) {
        let file = folder.join(name);
        if source.is_file(&file) {
            return Some(file);
        }
        if is_repository_root(source, folder) {
            return None;
        }
    }
    None
}

/// Returns whether a folder has `.git` in it: a folder, or a file in worktrees and submodules.
pub fn is_repository_root(source: &dyn FileSource, folder: &Path) -> bool {
    let git = folder.join(".git");
    source.is_dir(&git) || source.is_file(&git)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::Disk;

    #[test]
    fn a_whole_path_is_absolute_and_has_no_detours() {
        let path = Path::new("/a/b/../c/./d");
        assert_eq!(whole_path(path), Path::new("/a/c/d"));
        assert!(whole_path(Path::new("x")).is_absolute());
    }

    #[test]
    fn the_nearest_file_counts_and_a_repository_ends_the_search() {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        let find = |name: &str| nearest(&Disk, &path(name), "facts.yaml");
        std::fs::create_dir_all(path("repository/prompts")).unwrap();
        std::fs::write(path("facts.yaml"), "").unwrap();
        // The prompt itself need not exist.
        let outside = Some(path("facts.yaml"));
        assert_eq!(find("repository/prompts/x.prompt"), outside);
        assert_eq!(find("repository/prompts"), outside);
        std::fs::write(path("repository/.git"), "gitdir: elsewhere").unwrap();
        assert_eq!(find("repository/prompts/x.prompt"), None);
        std::fs::write(path("repository/facts.yaml"), "").unwrap();
        let inside = Some(path("repository/facts.yaml"));
        assert_eq!(find("repository/prompts/x.prompt"), inside);
        // A folder of this name is passed over.
        std::fs::create_dir(path("repository/prompts/facts.yaml")).unwrap();
        assert_eq!(find("repository/prompts/x.prompt"), inside);
    }
}
