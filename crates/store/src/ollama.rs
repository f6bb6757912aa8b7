//! Models of a local Ollama: GGUF files that manifests refer to.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::error::StoreError;
use crate::model_files::{LocatedModel, ModelFiles};
use crate::options::StoreOptions;
use crate::paths::is_relative;

const MODEL: &str = "application/vnd.ollama.image.model";
const LICENCE: &str = "application/vnd.ollama.image.license";

#[derive(Deserialize)]
struct Manifest {
    layers: Vec<Layer>,
}

#[derive(Deserialize)]
struct Layer {
    #[serde(rename = "mediaType")]
    media_type: String,
    digest: String,
}

/// Looks a model up in the manifests of the local Ollama installations.
pub(super) fn locate(
    name: &str,
    tag: &str,
    options: &StoreOptions,
) -> Result<Option<LocatedModel>, StoreError> {
    for root in &options.ollama {
        let manifest = manifest_path(root, name, tag);
        let Ok(text) = std::fs::read(&manifest) else {
            continue;
        };
        return read(root, &manifest, &text, format!("ollama:{name}:{tag}")).map(Some);
    }
    Ok(None)
}

/// Names of all models of the local installations, as [`locate`] takes them.
pub(super) fn names(options: &StoreOptions) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for root in &options.ollama {
        let library = root.join("manifests").join("registry.ollama.ai");
        for namespace in children(&library) {
            for model in children(&library.join(&namespace)) {
                for tag in children(&library.join(&namespace).join(&model)) {
                    let name = if namespace == "library" {
                        model.clone()
                    } else {
                        format!("{namespace}/{model}")
                    };
                    found.push((name, tag));
                }
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

fn children(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| !name.starts_with('.'))
        .collect()
}

/// The manifest of `NAME` (in `library`), `namespace/NAME` or `host/namespace/NAME`.
fn manifest_path(root: &Path, name: &str, tag: &str) -> PathBuf {
    let host = "registry.ollama.ai";
    let full = match name.split('/').count() {
        1 => format!("{host}/library/{name}"),
        2 => format!("{host}/{name}"),
        _ => name.to_owned(),
    };
    root.join("manifests").join(full).join(tag)
}

fn read(
    root: &Path,
    manifest: &Path,
    text: &[u8],
    name: String,
) -> Result<LocatedModel, StoreError> {
    let bad = |cause: String| StoreError::NotAModel {
        path: manifest.to_path_buf(),
        cause,
    };
    let parsed: Manifest = serde_json::from_slice(text)
        .map_err(|error| bad(format!("not a manifest of Ollama: {error}")))?;
    let layer = |kind: &str| parsed.layers.iter().find(|layer| layer.media_type == kind);
    let model = layer(MODEL).ok_or_else(|| bad("the manifest names no model".to_owned()))?;
    let path = blob(root, &model.digest).ok_or_else(|| {
        bad(format!(
            "the blob {} is not there: pull it again",
            model.digest
        ))
    })?;
    let size = std::fs::metadata(&path).map_or(0, |meta| meta.len());
    let licence = layer(LICENCE)
        .and_then(|layer| blob(root, &layer.digest))
        .and_then(|path| std::fs::read_to_string(path).ok())
        .and_then(|text| {
            let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
            Some(line.to_owned())
        });
    Ok(LocatedModel {
        name,
        format: ModelFiles::Gguf(path),
        sha256: model.digest.strip_prefix("sha256:").map(str::to_owned),
        licence,
        size,
    })
}

/// The path of a blob. Older versions of Ollama have the colon in the file name.
fn blob(root: &Path, digest: &str) -> Option<PathBuf> {
    [digest.replacen(':', "-", 1), digest.to_owned()]
        .into_iter()
        .filter(|name| is_relative(name) && !name.contains('/'))
        .map(|name| root.join("blobs").join(name))
        .find(|path| path.is_file())
}
