//! Looks up each kind of model reference on this disk.

use std::path::Path;

use crate::catalogue::Alias;
use crate::error::StoreError;
use crate::folder;
use crate::folder::{FolderContent, WEIGHTS};
use crate::hf_cache::RepoCache;
use crate::model_files::{LocatedModel, ModelFiles};
use crate::options::StoreOptions;
use crate::reference::{HubRef, ModelRef};
use crate::{ollama, paths, wheel};

/// Looks for a model on this disk; never touches the network.
///
/// # Errors
/// A reference that can never become a model: a path that is not one, a snapshot with several
/// GGUF files of which none was named, a damaged index.
pub fn locate(
    model: &ModelRef,
    options: &StoreOptions,
) -> Result<Option<LocatedModel>, StoreError> {
    match model {
        ModelRef::Alias(alias) => locate_alias(alias, options),
        ModelRef::Path(path) => locate_path(path).map(Some),
        ModelRef::Hub(hub) => locate_hub(hub, hub.to_string(), options),
        ModelRef::Ollama { name, tag } => ollama::locate(name, tag, options),
    }
}

fn locate_alias(
    alias: &'static Alias,
    options: &StoreOptions,
) -> Result<Option<LocatedModel>, StoreError> {
    if let Some(located) = wheel::locate(alias, options) {
        return Ok(Some(located));
    }
    let hub = HubRef::from(alias);
    let Some(mut located) = locate_hub(&hub, alias.name.to_owned(), options)? else {
        return Ok(None);
    };
    located.licence = Some(alias.licence.to_owned());
    let pinned = match (alias.sha256, located.sha256.as_deref()) {
        (Some(pinned), Some(found)) => pinned == found,
        // A cache without links does not tell the hash; the size is what is left to compare.
        (Some(_), None) => located.size == alias.size,
        (None, _) => true,
    };
    if let Some(sha256) = alias.sha256 {
        located.sha256 = Some(sha256.to_owned());
    }
    Ok(pinned.then_some(located))
}

fn locate_path(path: &Path) -> Result<LocatedModel, StoreError> {
    let not_a_model = |cause: String| StoreError::NotAModel {
        path: path.to_path_buf(),
        cause,
    };
    let meta = std::fs::metadata(path)
        .map_err(|error| not_a_model(format!("no such model file or folder ({error})")))?;
    let name = path.file_name().map_or_else(
        || path.display().to_string(),
        |name| name.to_string_lossy().into_owned(),
    );
    if meta.is_file() {
        if !paths::is_gguf(path) {
            return Err(not_a_model(
                "not a .gguf file; for safetensors name the folder that holds config.json"
                    .to_owned(),
            ));
        }
        return Ok(plain(
            name,
            ModelFiles::Gguf(path.to_path_buf()),
            meta.len(),
        ));
    }
    match folder::inspect(path)? {
        FolderContent::Folder(weights) => Ok(plain(
            name,
            ModelFiles::Folder(path.to_path_buf()),
            folder::total_size(&weights),
        )),
        FolderContent::Gguf(file) => {
            let size = folder::total_size(std::slice::from_ref(&file));
            Ok(plain(name, ModelFiles::Gguf(file), size))
        }
        FolderContent::Incomplete(missing) => Err(not_a_model(format!("not a model: {missing}"))),
    }
}

/// A model in the Hugging Face cache, whoever put it there.
pub(super) fn locate_hub(
    hub: &HubRef,
    name: String,
    options: &StoreOptions,
) -> Result<Option<LocatedModel>, StoreError> {
    let cache = RepoCache::new(&options.hf_cache, &hub.repo);
    let Some(commit) = cache.commit(&hub.revision) else {
        return Ok(None);
    };
    let snapshot = cache.snapshot(&commit);
    let content = match &hub.file {
        Some(file) => {
            let path = snapshot.join(file);
            if !path.is_file() {
                return Ok(None);
            }
            if !paths::is_gguf(&path) {
                return Err(StoreError::BadReference {
                    reference: hub.to_string(),
                    cause: "the file is not a GGUF; for safetensors leave `:file` away".to_owned(),
                });
            }
            FolderContent::Gguf(path)
        }
        None if snapshot.is_dir() => folder::inspect(&snapshot)?,
        None => return Ok(None),
    };
    Ok(match content {
        FolderContent::Folder(weights) => {
            let size = folder::total_size(&weights);
            let mut located = plain(name, ModelFiles::Folder(snapshot.clone()), size);
            located.sha256 = hash_of(&snapshot.join(WEIGHTS));
            Some(located)
        }
        FolderContent::Gguf(path) => {
            let size = folder::total_size(std::slice::from_ref(&path));
            let sha256 = hash_of(&path);
            Some(LocatedModel {
                sha256,
                ..plain(name, ModelFiles::Gguf(path), size)
            })
        }
        FolderContent::Incomplete(_) => None,
    })
}

fn hash_of(pointer: &Path) -> Option<String> {
    let etag = RepoCache::etag_of(pointer)?;
    let is_sha256 = etag.len() == 64 && etag.chars().all(|c| c.is_ascii_hexdigit());
    is_sha256.then(|| etag.to_ascii_lowercase())
}

fn plain(name: String, format: ModelFiles, size: u64) -> LocatedModel {
    LocatedModel {
        name,
        format,
        sha256: None,
        licence: None,
        size,
    }
}
