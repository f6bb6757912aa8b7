//! The files that make a folder a model, on disk and on the hub.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::error::OnPath;
use crate::error::StoreError;
use crate::paths::{is_gguf, is_relative};

pub(super) const WEIGHTS: &str = "model.safetensors";
pub(super) const INDEX: &str = "model.safetensors.index.json";

/// The files that every folder needs beside the weights.
const REQUIRED: [&str; 2] = ["config.json", "tokenizer.json"];

/// The files that are fetched if a repository has them.
const OPTIONAL: [&str; 5] = [
    "tokenizer_config.json",
    "special_tokens_map.json",
    "generation_config.json",
    "chat_template.jinja",
    "chat_template.json",
];

/// The model in a repository, according to its list of files.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum RepoContent {
    /// The files to fetch, in this order; the shards that an index names come after them.
    Folder(Vec<String>),
    /// A single GGUF file.
    Gguf(String),
}

/// Chooses what to fetch from a repository.
pub(super) fn choose(repo: &str, files: &[String]) -> Result<RepoContent, StoreError> {
    let has = |name: &str| files.iter().any(|file| file == name);
    let weights = [WEIGHTS, INDEX].into_iter().find(|name| has(name));
    if let Some(weights) = weights
        && REQUIRED.into_iter().all(has)
    {
        let small = REQUIRED
            .into_iter()
            .chain(OPTIONAL)
            .filter(|name| has(name));
        return Ok(RepoContent::Folder(
            small.chain([weights]).map(str::to_owned).collect(),
        ));
    }
    let ggufs: Vec<&String> = files
        .iter()
        .filter(|file| is_gguf(Path::new(file)))
        .collect();
    let cause = match ggufs.as_slice() {
        [only] => return Ok(RepoContent::Gguf((*only).clone())),
        [] if weights.is_some() => {
            "it has weights but not both config.json and tokenizer.json".to_owned()
        }
        [] => foreign(files.iter().map(String::as_str)).unwrap_or_else(|| {
            format!(
                "it has neither {WEIGHTS} nor a GGUF file; other formats are not read: look for a converted copy of it"
            )
        }),
        several => several_ggufs(repo, several),
    };
    Err(StoreError::Unusable {
        repo: repo.to_owned(),
        cause,
    })
}

/// The weight files of a folder, if all of them are there.
///
/// # Errors
/// An index that is not JSON, or names files outside the folder.
pub(super) fn weights(folder: &Path) -> Result<Option<Vec<PathBuf>>, StoreError> {
    let single = folder.join(WEIGHTS);
    if single.is_file() {
        return Ok(Some(vec![single]));
    }
    let index = folder.join(INDEX);
    if !index.is_file() {
        return Ok(None);
    }
    let shards: Vec<PathBuf> = shards(&index)?
        .iter()
        .map(|name| folder.join(name))
        .collect();
    Ok(shards.iter().all(|shard| shard.is_file()).then_some(shards))
}

/// The files that an index names.
pub(super) fn shards(index: &Path) -> Result<BTreeSet<String>, StoreError> {
    #[derive(serde::Deserialize)]
    struct Index {
        weight_map: std::collections::BTreeMap<String, String>,
    }
    let bad = |cause: String| StoreError::NotAModel {
        path: index.to_path_buf(),
        cause,
    };
    let text = std::fs::read(index).on("read", index)?;
    let parsed: Index = serde_json::from_slice(&text)
        .map_err(|error| bad(format!("not an index of safetensors files: {error}")))?;
    let names: BTreeSet<String> = parsed.weight_map.into_values().collect();
    if names.is_empty() {
        return Err(bad("the index names no files".to_owned()));
    }
    match names.iter().find(|name| !is_relative(name)) {
        Some(name) => Err(bad(format!(
            "the index names a file outside its folder: {name:?}"
        ))),
        None => Ok(names),
    }
}

/// The model in a folder.
#[derive(Debug)]
pub(super) enum FolderContent {
    /// A complete folder, with its weight files.
    Folder(Vec<PathBuf>),
    Gguf(PathBuf),
    /// An incomplete model, with the first file that is missing.
    Incomplete(String),
}

/// Inspects a folder. Without safetensors, a single GGUF file is the model.
pub(super) fn inspect(folder: &Path) -> Result<FolderContent, StoreError> {
    let weights = weights(folder)?;
    let missing = REQUIRED
        .into_iter()
        .find(|name| !folder.join(name).is_file());
    match (weights, missing) {
        (Some(weights), None) => return Ok(FolderContent::Folder(weights)),
        (Some(_), Some(missing)) => {
            return Ok(FolderContent::Incomplete(format!(
                "the folder has no {missing}"
            )));
        }
        (None, _) => {}
    }
    let ggufs = ggufs(folder);
    match ggufs.as_slice() {
        [only] => Ok(FolderContent::Gguf(only.clone())),
        [] if folder.join(INDEX).is_file() => Ok(FolderContent::Incomplete(format!(
            "not all the files that {INDEX} names are there"
        ))),
        [] => Ok(FolderContent::Incomplete(
            foreign(names(folder).iter().map(String::as_str))
                .unwrap_or_else(|| format!("the folder has neither {WEIGHTS} nor a GGUF file")),
        )),
        several => {
            let names: Vec<String> = several
                .iter()
                .map(|path| path.display().to_string())
                .collect();
            Err(StoreError::Unusable {
                repo: folder.display().to_string(),
                cause: several_ggufs("PATH", &names.iter().collect::<Vec<_>>()),
            })
        }
    }
}

/// Names weights in a format that hoplens does not read, and the remedy.
fn foreign<'name>(names: impl Iterator<Item = &'name str>) -> Option<String> {
    const COPY: &str = "look for a copy with model.safetensors, or for a GGUF of it";
    const FORMATS: [(&str, &str, &str); 7] = [
        (
            "adapter_model.safetensors",
            "an adapter, which is no model by itself",
            "merge it into its base model (PEFT's merge_and_unload) and save that as safetensors",
        ),
        (
            ".bin",
            "pickled PyTorch weights, which could run any code when they are read",
            "convert them with save_pretrained(…) of Hugging Face Transformers, which writes \
             safetensors, or look for a copy that has them",
        ),
        (
            ".pth",
            "pickled PyTorch weights, which could run any code when they are read",
            COPY,
        ),
        (
            ".pt",
            "pickled PyTorch weights, which could run any code when they are read",
            COPY,
        ),
        (
            ".onnx",
            "an ONNX graph, whose activations cannot be read",
            COPY,
        ),
        (".npz", "MLX weights", COPY),
        (".h5", "TensorFlow weights", COPY),
    ];
    let names: Vec<&str> = names.collect();
    FORMATS.iter().find_map(|(ending, what, remedy)| {
        let name = names.iter().find(|name| name.ends_with(ending))?;
        Some(format!("'{name}' is {what}; {remedy}"))
    })
}

/// The names of the files directly in a folder, sorted.
fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut names: Vec<String> = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// The GGUF files directly in a folder, sorted.
pub(super) fn ggufs(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| is_gguf(path) && path.is_file())
        .collect();
    files.sort();
    files
}

/// The total size of files in bytes; missing files count as 0.
pub(super) fn total_size(files: &[PathBuf]) -> u64 {
    files
        .iter()
        .filter_map(|file| std::fs::metadata(file).ok())
        .map(|meta| meta.len())
        .sum()
}

fn several_ggufs(repo: &str, names: &[&String]) -> String {
    let list: Vec<&str> = names.iter().take(12).map(|name| name.as_str()).collect();
    let more = if names.len() > list.len() {
        ", …"
    } else {
        ""
    };
    if repo == "PATH" {
        format!(
            "it holds several GGUF files, name one: {}{more}",
            list.join(", ")
        )
    } else {
        format!(
            "it holds several GGUF files, name one as `{repo}:FILE`: {}{more}",
            list.join(", ")
        )
    }
}
