//! Removing a model without touching anything else.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::catalogue::Alias;
use crate::error::OnPath;
use crate::error::StoreError;
use crate::hf_cache::RepoCache;
use crate::jacobian_lens_file::remove_lens;
use crate::locate::locate;
use crate::manage::list;
use crate::options::StoreOptions;
use crate::reference::{HubRef, ModelRef};
use crate::removal_report::RemovalReport;
use crate::{lock, wheel};

/// Removes a model from the store's caches: hoplens' own copy, and in the Hugging Face cache the
/// snapshot with those of its blobs that no other snapshot uses. The model's Jacobian lens goes
/// too, unless another installed model has the same weights.
///
/// # Errors
/// [`StoreError::Refused`] for local paths, for Ollama's models, for whatever turns out to lie
/// outside the caches and for what is being fetched; [`StoreError::Absent`] if there is nothing.
pub fn remove(model: &ModelRef, options: &StoreOptions) -> Result<RemovalReport, StoreError> {
    let mut removed = RemovalReport::default();
    let digest = digest(model, options);
    match model {
        ModelRef::Path(path) => {
            return Err(refused(
                path,
                "it is not in a cache of hoplens: delete it yourself",
            ));
        }
        ModelRef::Ollama { name, tag } => {
            return Err(refused(
                Path::new(&format!("{name}:{tag}")),
                "it belongs to Ollama: use `ollama rm`",
            ));
        }
        ModelRef::Alias(alias) => {
            remove_own(alias, options, &mut removed)?;
            remove_hub(&HubRef::from(*alias), options, &mut removed)?;
        }
        ModelRef::Hub(hub) => remove_hub(hub, options, &mut removed)?,
    }
    if let Some(digest) = digest {
        let models = list(options);
        let mut installed = models.iter().filter(|entry| entry.installed);
        if !installed.any(|entry| entry.sha256.as_ref() == Some(&digest)) {
            remove_lens(options, &digest, &mut removed)?;
        }
    }
    if removed.paths.is_empty() {
        return Err(StoreError::Absent {
            name: model.to_string(),
            remedy: "there is nothing to remove".to_owned(),
        });
    }
    Ok(removed)
}

/// The digest of a model's weights, where it is known.
fn digest(model: &ModelRef, options: &StoreOptions) -> Option<String> {
    let located = locate(model, options).ok().flatten();
    let pinned = match model {
        ModelRef::Alias(alias) => alias.sha256.map(str::to_owned),
        ModelRef::Hub(_) | ModelRef::Path(_) | ModelRef::Ollama { .. } => None,
    };
    located.and_then(|located| located.sha256).or(pinned)
}

fn refused(path: &Path, cause: &str) -> StoreError {
    StoreError::Refused {
        path: path.to_path_buf(),
        cause: cause.to_owned(),
    }
}

/// The copy that came out of a wheel, with what an interrupted fetch left beside it.
fn remove_own(
    alias: &Alias,
    options: &StoreOptions,
    removed: &mut RemovalReport,
) -> Result<(), StoreError> {
    let folder = wheel::folder(alias, options);
    if alias.wheel.is_none() || !folder.is_dir() {
        return Ok(());
    }
    inside(&folder, &options.hoplens_cache)?;
    let lock = lock::try_acquire(&wheel::lock_path(alias, options))?;
    if lock.is_none() {
        return Err(refused(&folder, "another process is fetching it"));
    }
    removed.freed += files_below(&folder)
        .iter()
        .map(|file| size_of(file))
        .sum::<u64>();
    std::fs::remove_dir_all(&folder).on("remove", &folder)?;
    removed.paths.push(folder);
    Ok(())
}

fn remove_hub(
    hub: &HubRef,
    options: &StoreOptions,
    removed: &mut RemovalReport,
) -> Result<(), StoreError> {
    let cache = RepoCache::new(&options.hf_cache, &hub.repo);
    if !cache.folder().is_dir() {
        return Ok(());
    }
    inside(&cache.folder(), &options.hf_cache)?;
    if let Some(commit) = cache.commit(&hub.revision) {
        remove_snapshot(&cache, &commit, hub.file.as_deref(), removed)?;
    }
    drop_unused_blobs(&cache, removed)?;
    for folder in [
        cache.folder().join("snapshots"),
        cache.blobs(),
        cache.refs(),
    ] {
        remove_if_empty(&folder);
    }
    if !cache.folder().join("snapshots").exists() {
        // Notes on files that the hub does not have; without snapshots nobody asks.
        let _ = std::fs::remove_dir_all(cache.folder().join(".no_exist"));
        remove_if_empty(&cache.folder());
    }
    Ok(())
}

/// Removes a snapshot, or one file of it, and the references to a snapshot that is gone.
fn remove_snapshot(
    cache: &RepoCache,
    commit: &str,
    file: Option<&str>,
    removed: &mut RemovalReport,
) -> Result<(), StoreError> {
    let snapshot = cache.snapshot(commit);
    if !snapshot.is_dir() {
        return Ok(());
    }
    inside(&snapshot, &cache.folder())?;
    let doomed = match file {
        Some(file) => vec![snapshot.join(file)],
        None => files_below(&snapshot),
    };
    for pointer in doomed {
        let Ok(meta) = pointer.symlink_metadata() else {
            continue;
        };
        if meta.is_file() {
            removed.freed += meta.len();
        }
        std::fs::remove_file(&pointer).on("remove", &pointer)?;
        removed.paths.push(pointer);
    }
    if files_below(&snapshot).is_empty() {
        std::fs::remove_dir_all(&snapshot).on("remove", &snapshot)?;
        for (revision, at) in cache.revisions() {
            let note = cache.refs().join(&revision);
            if at == commit && note.is_file() {
                std::fs::remove_file(&note).on("remove", &note)?;
            }
        }
    }
    Ok(())
}

/// Removes the blobs, and beginnings of blobs, that no snapshot of the repository leads to.
fn drop_unused_blobs(cache: &RepoCache, removed: &mut RemovalReport) -> Result<(), StoreError> {
    let used: BTreeSet<PathBuf> = files_below(&cache.folder().join("snapshots"))
        .iter()
        .filter_map(|pointer| pointer.canonicalize().ok())
        .collect();
    for blob in files_below(&cache.blobs()) {
        let is_used = blob.canonicalize().is_ok_and(|path| used.contains(&path));
        let name = blob
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        let Some(name) = name.filter(|_| !is_used) else {
            continue;
        };
        // Somebody may be fetching it for another snapshot.
        let etag = name.split(".incomplete").next().unwrap_or(&name);
        let Some(_lock) = lock::try_acquire(&cache.lock(etag))? else {
            continue;
        };
        removed.freed += size_of(&blob);
        std::fs::remove_file(&blob).on("remove", &blob)?;
        removed.paths.push(blob);
    }
    Ok(())
}

/// Fails unless `path`, with all links resolved, lies below `cache`.
fn inside(path: &Path, cache: &Path) -> Result<(), StoreError> {
    let real = path.canonicalize().on("read", path)?;
    let cache = cache.canonicalize().on("read", cache)?;
    if real != cache && real.starts_with(&cache) {
        return Ok(());
    }
    Err(refused(
        path,
        "it leads out of the cache: delete it yourself",
    ))
}

/// All files and links below a folder; links are not followed.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => open.push(entry.path()),
                Ok(_) => found.push(entry.path()),
                Err(_) => {}
            }
        }
    }
    found.sort();
    found
}

fn size_of(file: &Path) -> u64 {
    file.symlink_metadata().map_or(0, |meta| meta.len())
}

/// Removing a folder that is not empty fails, which is what is wanted.
fn remove_if_empty(folder: &Path) {
    let _ = std::fs::remove_dir(folder);
}
