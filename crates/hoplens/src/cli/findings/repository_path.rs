//! The names of files as GitHub and code scanning expect them.

use std::path::{Path, PathBuf};

use crate::cli::report::slashed;
use hoplens_workspace::{Disk, is_repository_root, whole_path};

/// Returns the path of a file relative to its repository, with slashes: to `GITHUB_WORKSPACE` if
/// the file is in it, else to the nearest folder with `.git`. The path is absolute if there is
/// neither.
pub(super) fn repository_path(path: &str) -> String {
    let workspace = std::env::var_os("GITHUB_WORKSPACE").map(PathBuf::from);
    let file = whole_path(Path::new(path));
    relative(&file, workspace.as_deref()).unwrap_or_else(|| slashed(&file.to_string_lossy()))
}

fn relative(file: &Path, workspace: Option<&Path>) -> Option<String> {
    let inside = |root: &Path| {
        let rest = file.strip_prefix(root).ok().map(Path::to_path_buf);
        // One of the two may be named through a link.
        let rest = rest.or_else(|| {
            let real = file.canonicalize().ok()?;
            let rest = real.strip_prefix(root.canonicalize().ok()?).ok()?;
            Some(rest.to_path_buf())
        });
        rest.map(|rest| slashed(&rest.to_string_lossy()))
    };
    let of_workspace = workspace.and_then(inside);
    of_workspace.or_else(|| {
        let mut folders = file.ancestors().skip(1);
        inside(folders.find(|folder| is_repository_root(&Disk, folder))?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_relative_to_the_workspace_or_the_repository() {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        std::fs::create_dir_all(path("work/repository/sub")).unwrap();
        std::fs::create_dir(path("work/repository/.git")).unwrap();
        let file = path("work/repository/sub/a.prompt");
        std::fs::write(&file, "").unwrap();
        let name = |workspace: Option<&str>| relative(&file, workspace.map(path).as_deref());
        assert_eq!(name(None).as_deref(), Some("sub/a.prompt"));
        let of_workspace = name(Some("work"));
        assert_eq!(of_workspace.as_deref(), Some("repository/sub/a.prompt"));
        // A file outside of the workspace.
        assert_eq!(name(Some("other")).as_deref(), Some("sub/a.prompt"));
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(path("work"), path("link")).unwrap();
            let linked = name(Some("link"));
            assert_eq!(linked.as_deref(), Some("repository/sub/a.prompt"));
        }
    }
}
