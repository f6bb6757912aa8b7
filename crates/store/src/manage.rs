//! The data of `models list` and `models show`.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::catalogue::DEFAULT;
use crate::error::StoreError;
use crate::folder;
use crate::folder::FolderContent;
use crate::hf_cache::{RepoCache, repositories};
use crate::jacobian_lens_file::jacobian_lens_path;
use crate::locate::locate;
use crate::model_files::{LocatedModel, ModelFiles};
use crate::ollama;
use crate::options::StoreOptions;
use crate::reference::{HubRef, ModelRef};

/// One model, installed or known by its alias.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ModelEntry {
    /// The name to pass to `--model`.
    pub name: String,
    /// Whether it is the default model.
    pub default: bool,
    /// Whether it is complete on this disk.
    pub installed: bool,
    /// `gguf` or `folder`, where it is installed.
    pub format: Option<&'static str>,
    /// Where it is installed.
    pub path: Option<PathBuf>,
    /// The size of the weights in bytes; rounded if the model is not installed and has no known digest.
    pub size: Option<u64>,
    /// SPDX identifier or the licence's first line.
    pub licence: Option<String>,
    /// SHA-256 of the weights. An alias without a pinned digest has none before it is fetched.
    pub sha256: Option<String>,
    /// `org/name` on the hub.
    pub repo: Option<String>,
    /// Branch, tag or commit.
    pub revision: Option<String>,
    /// Architecture, as `config.json` calls it; unknown for a GGUF file that has no alias.
    pub family: Option<String>,
    /// Its Jacobian lens, if one was fitted and the digest of the weights is known.
    pub jacobian_lens: Option<PathBuf>,
}

/// The entry of one model. Reads the disk, never the network.
///
/// # Errors
/// Those of [`locate`].
pub fn entry(model: &ModelRef, options: &StoreOptions) -> Result<ModelEntry, StoreError> {
    let located = locate(model, options)?;
    let mut entry = ModelEntry {
        name: model.to_string(),
        default: false,
        installed: located.is_some(),
        format: None,
        path: None,
        size: None,
        licence: None,
        sha256: None,
        repo: None,
        revision: None,
        family: None,
        jacobian_lens: None,
    };
    match model {
        ModelRef::Alias(alias) => {
            entry.default = alias.name == DEFAULT;
            entry.size = Some(alias.size);
            entry.licence = Some(alias.licence.to_owned());
            entry.sha256 = alias.sha256.map(str::to_owned);
            entry.repo = Some(alias.repo.to_owned());
            entry.revision = Some(alias.revision.to_owned());
            entry.family = Some(alias.family.to_owned());
        }
        ModelRef::Hub(hub) => {
            entry.repo = Some(hub.repo.clone());
            entry.revision = Some(hub.revision.clone());
        }
        ModelRef::Path(_) | ModelRef::Ollama { .. } => {}
    }
    if let Some(located) = located {
        fill(&mut entry, located);
    }
    entry.jacobian_lens = entry
        .sha256
        .as_deref()
        .map(|sha256| jacobian_lens_path(options, sha256))
        .filter(|path| path.is_file());
    Ok(entry)
}

fn fill(entry: &mut ModelEntry, located: LocatedModel) {
    entry.format = Some(match located.format {
        ModelFiles::Gguf(_) => "gguf",
        ModelFiles::Folder(_) => "folder",
    });
    if let ModelFiles::Folder(path) = &located.format {
        entry.family = model_type(path).or(entry.family.take());
    }
    entry.path = Some(located.path().to_path_buf());
    entry.size = Some(located.size);
    entry.licence = located.licence.or(entry.licence.take());
    entry.sha256 = located.sha256.or(entry.sha256.take());
}

fn model_type(folder: &Path) -> Option<String> {
    let text = std::fs::read(folder.join("config.json")).ok()?;
    let config: serde_json::Value = serde_json::from_slice(&text).ok()?;
    Some(config.get("model_type")?.as_str()?.to_owned())
}

/// Every alias, then the other models in the Hugging Face cache, then those of Ollama. Damaged models
/// are left out.
pub fn list(options: &StoreOptions) -> Vec<ModelEntry> {
    let aliases = options.catalogue.iter().map(ModelRef::Alias);
    let mut entries: Vec<ModelEntry> = aliases
        .filter_map(|model| entry(&model, options).ok())
        .collect();
    let hub = repositories(&options.hf_cache)
        .into_iter()
        .flat_map(|repo| in_cache(&repo, options));
    let ollama = ollama::names(options)
        .into_iter()
        .map(|(name, tag)| ModelRef::Ollama { name, tag });
    for model in hub.map(ModelRef::Hub).chain(ollama) {
        let Ok(found) = entry(&model, options) else {
            continue;
        };
        let known = entries.iter().any(|entry| entry.path == found.path);
        if found.installed && !known {
            entries.push(found);
        }
    }
    entries
}

/// The models of one cached repository: of each snapshot the folder, or each GGUF file.
fn in_cache(repo: &str, options: &StoreOptions) -> Vec<HubRef> {
    let cache = RepoCache::new(&options.hf_cache, repo);
    let mut found = Vec::new();
    for (revision, commit) in cache.revisions() {
        let snapshot = cache.snapshot(&commit);
        let reference = |file: Option<String>| HubRef {
            repo: repo.to_owned(),
            revision: revision.clone(),
            file,
        };
        if matches!(folder::inspect(&snapshot), Ok(FolderContent::Folder(_))) {
            found.push(reference(None));
        }
        let names = folder::ggufs(&snapshot);
        let names = names.iter().filter_map(|path| path.file_name()?.to_str());
        found.extend(names.map(|name| reference(Some(name.to_owned()))));
    }
    found
}
