//! The files of a model on this disk.

use std::path::{Path, PathBuf};

use serde::Serialize;

/// A complete model on this disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LocatedModel {
    /// As the user named it; for a path the last part of it.
    pub name: String,
    /// What is there.
    #[serde(flatten)]
    pub format: ModelFiles,
    /// SHA-256 of the weights where it is known without reading them: checked when they were
    /// fetched, not now. `None` for local paths and for sharded weights, of which loading computes
    /// the digest.
    pub sha256: Option<String>,
    /// SPDX identifier, where the catalogue knows it.
    pub licence: Option<String>,
    /// Bytes of the weights.
    pub size: u64,
}

/// The two forms a model comes in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "format", content = "path", rename_all = "lowercase")]
pub enum ModelFiles {
    /// A GGUF file. Ollama's have no extension: go by this, not by the name.
    Gguf(PathBuf),
    /// A folder with `config.json`, `tokenizer.json` and safetensors.
    Folder(PathBuf),
}

impl LocatedModel {
    /// The file or the folder.
    pub fn path(&self) -> &Path {
        match &self.format {
            ModelFiles::Gguf(path) | ModelFiles::Folder(path) => path,
        }
    }
}
