//! The Hugging Face cache layout, as the Python and Rust tools share it.
//!
//! `models--org--name/refs/REVISION` holds a commit; `snapshots/COMMIT/FILE` is a link to
//! `blobs/ETAG`, where the entity tag is the content's hash. Locks lie in `.locks/` beside the
//! repositories, one for each blob; the Python tools take the same ones.

use std::path::{Path, PathBuf};

use crate::error::OnPath;
use crate::error::StoreError;
use crate::paths::is_relative;
use crate::reference::is_repo;

/// One repository's folder in the cache.
#[derive(Debug, Clone)]
pub(super) struct RepoCache {
    cache: PathBuf,
    folder_name: String,
}

impl RepoCache {
    pub fn new(cache: &Path, repo: &str) -> Self {
        Self {
            cache: cache.to_path_buf(),
            folder_name: format!("models--{}", repo.replace('/', "--")),
        }
    }

    pub fn folder(&self) -> PathBuf {
        self.cache.join(&self.folder_name)
    }

    pub fn blobs(&self) -> PathBuf {
        self.folder().join("blobs")
    }

    pub fn blob(&self, etag: &str) -> PathBuf {
        self.blobs().join(etag)
    }

    pub fn lock(&self, etag: &str) -> PathBuf {
        let locks = self.cache.join(".locks").join(&self.folder_name);
        locks.join(format!("{etag}.lock"))
    }

    pub fn snapshot(&self, commit: &str) -> PathBuf {
        self.folder().join("snapshots").join(commit)
    }

    pub fn refs(&self) -> PathBuf {
        self.folder().join("refs")
    }

    /// The commit that a revision stood for when it was last fetched.
    pub fn commit(&self, revision: &str) -> Option<String> {
        if is_commit(revision) {
            return Some(revision.to_owned());
        }
        let text = std::fs::read_to_string(self.refs().join(revision)).ok()?;
        let commit = text.trim();
        is_commit(commit).then(|| commit.to_owned())
    }

    /// Every snapshot with the revision that names it: a branch or tag where one does, otherwise
    /// the commit itself. Sorted.
    pub fn revisions(&self) -> Vec<(String, String)> {
        let refs = self.refs();
        let mut named = Vec::new();
        let mut open = vec![refs.clone()];
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    open.push(path);
                    continue;
                }
                let revision = path.strip_prefix(&refs).ok().and_then(Path::to_str);
                if let Some(revision) = revision
                    && let Some(commit) = self.commit(revision)
                {
                    named.push((revision.replace('\\', "/"), commit));
                }
            }
        }
        let snapshots = self.folder().join("snapshots");
        for entry in std::fs::read_dir(snapshots).into_iter().flatten().flatten() {
            let Ok(commit) = entry.file_name().into_string() else {
                continue;
            };
            if is_commit(&commit) && !named.iter().any(|(_, at)| *at == commit) {
                named.push((commit.clone(), commit));
            }
        }
        named.sort();
        named
    }

    /// Records the commit of a revision in `refs/`. A commit needs no record.
    pub fn write_ref(&self, revision: &str, commit: &str) -> Result<(), StoreError> {
        if is_commit(revision) {
            return Ok(());
        }
        let path = self.refs().join(revision);
        let folder = path.parent().unwrap_or(&path);
        std::fs::create_dir_all(folder).on("create the folder", folder)?;
        write_whole(&path, commit.as_bytes())
    }

    /// Links `snapshots/COMMIT/FILE` to an existing blob.
    pub fn link(&self, commit: &str, file: &str, etag: &str) -> Result<(), StoreError> {
        let pointer = self.snapshot(commit).join(file);
        let folder = pointer.parent().unwrap_or(&pointer);
        std::fs::create_dir_all(folder).on("create the folder", folder)?;
        if pointer.exists() {
            return Ok(());
        }
        // Replace a dangling link.
        if pointer.symlink_metadata().is_ok() {
            std::fs::remove_file(&pointer).on("remove", &pointer)?;
        }
        let up = "../".repeat(file.split('/').count() + 1);
        let target = PathBuf::from(format!("{up}blobs/{etag}"));
        match symlink(&target, &pointer) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
            // Without symbolic links, use a hard link or a copy.
            Err(_) => copy_whole(&self.blob(etag), &pointer),
        }
    }

    /// The name of the blob that a snapshot's file links to, which is its hash; `None` in caches
    /// without links.
    pub fn etag_of(pointer: &Path) -> Option<String> {
        let target = std::fs::read_link(pointer).ok()?;
        Some(target.file_name()?.to_str()?.to_owned())
    }
}

/// All repositories of models in a cache, as `org/name`.
pub(super) fn repositories(cache: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(cache) else {
        return Vec::new();
    };
    let mut repos: Vec<String> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let repo = name.strip_prefix("models--")?.replacen("--", "/", 1);
            is_repo(&repo).then_some(repo)
        })
        .collect();
    repos.sort();
    repos
}

/// A full commit id.
pub(super) fn is_commit(text: &str) -> bool {
    text.len() == 40 && text.chars().all(|c| c.is_ascii_hexdigit())
}

/// An entity tag without its quotes, if it is a safe file name.
pub(super) fn clean_etag(tag: &str) -> Option<String> {
    let tag = tag.trim();
    let tag = tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"');
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let safe = is_relative(tag) && tag.len() <= 128 && tag.chars().all(plain);
    safe.then(|| tag.to_owned())
}

/// Writes a small file atomically.
pub(super) fn write_whole(path: &Path, content: &[u8]) -> Result<(), StoreError> {
    use std::io::Write as _;
    let folder = path.parent().unwrap_or(path);
    let mut file = tempfile::NamedTempFile::new_in(folder).on("write in", folder)?;
    file.write_all(content).on("write", path)?;
    file.persist(path)
        .map(drop)
        .map_err(|error| error.error)
        .on("write", path)
}

fn copy_whole(from: &Path, to: &Path) -> Result<(), StoreError> {
    if std::fs::hard_link(from, to).is_ok() {
        return Ok(());
    }
    let folder = to.parent().unwrap_or(to);
    let copy = tempfile::NamedTempFile::new_in(folder).on("write in", folder)?;
    std::fs::copy(from, copy.path()).on("copy", from)?;
    copy.persist(to)
        .map(drop)
        .map_err(|error| error.error)
        .on("write", to)
}

#[cfg(unix)]
fn symlink(target: &Path, link: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(target, link)
}

#[cfg(not(unix))]
fn symlink(_target: &Path, _link: &Path) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}
