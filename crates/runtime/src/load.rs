//! Loads a model from its files.

mod check;
mod ends;

use std::path::Path;
use std::sync::{Mutex, OnceLock};
use std::time::Instant;

use sha2::{Digest, Sha256};

use check::check_unquantised;
pub(crate) use check::read_tokenizer;

use crate::attn_out_cache::AttnOutCache;
use crate::chat::ChatTemplate;
use crate::config::{Family, from_gguf, from_hugging_face};
use crate::device::Device;
use crate::error::ModelError;
use crate::linear::read_panels_in_place;
use crate::model::{Model, ModelInfo};
use crate::run_cache::RunCache;
use crate::tokenizer::Tokenizer;
use crate::transformer::Transformer;
use crate::weights::{FileKind, GgufFile, SafetensorsFolder, TensorSource, build};
use hoplens_store::{ModelFiles, hex};

/// The default size of the run cache, in bytes: about 1,100 tokens of SmolLM2-135M with their
/// residuals, or 2,700 without.
pub const CACHE_BYTES: usize = 128 << 20;

/// The share of the run cache's size that attention outputs may take: with the default one about
/// 240 texts of SmolLM2-135M.
const ATTN_OUT_SHARE: usize = 8;

/// How a model is loaded.
#[derive(Debug, Clone)]
pub struct LoadOptions {
    /// The name in reports; the name of the file where empty.
    pub name: String,
    /// The digest of the weights, if it is known; computed otherwise.
    pub sha256: Option<String>,
    /// The device that multiplies the linear maps.
    pub device: Device,
    /// The most memory that the run cache may hold, in bytes; 0 caches nothing.
    pub cache_bytes: usize,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self {
            name: String::new(),
            sha256: None,
            device: Device::Cpu,
            cache_bytes: CACHE_BYTES,
        }
    }
}

impl Model {
    /// Loads a model.
    ///
    /// # Errors
    /// A file is missing, damaged or of an unknown architecture, or the files do not belong together;
    /// each error names the file and the remedy.
    pub fn load(files: &ModelFiles, options: &LoadOptions) -> Result<Self, ModelError> {
        let start = Instant::now();
        read_panels_in_place();
        let device = options.device.open()?;
        let ((mut transformer, tokenizer, chat), sha256) = match files {
            ModelFiles::Gguf(path) => load_gguf(path, options)?,
            ModelFiles::Folder(folder) => load_folder(folder, options)?,
        };
        if let Some(device) = device {
            transformer.to_device(&device)?;
        }
        let path = match files {
            ModelFiles::Gguf(path) | ModelFiles::Folder(path) => path,
        };
        let config = &transformer.config;
        let name = if options.name.is_empty() {
            path.file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default()
        } else {
            options.name.clone()
        };
        let info = ModelInfo {
            name,
            sha256,
            layers: config.layers,
            heads: config.heads,
            width: config.width,
        };
        Ok(Self {
            info,
            tokenizer,
            chat,
            transformer,
            mean_unembedding: OnceLock::new(),
            runs: Mutex::new(RunCache::new(options.cache_bytes)),
            reference_runs: Mutex::new(RunCache::new(options.cache_bytes)),
            attn_outs: Mutex::new(AttnOutCache::new(options.cache_bytes / ATTN_OUT_SHARE)),
            load_time: start.elapsed(),
        })
    }
}

type Parts = (Transformer, Tokenizer, Option<ChatTemplate>);
type Loaded = (Parts, String);

/// Runs `load` and computes the digest of the weights on another thread meanwhile.
fn load_and_digest<'a>(
    options: &LoadOptions,
    bytes: impl Iterator<Item = &'a [u8]> + Send,
    load: impl FnOnce() -> Result<Parts, ModelError> + Send,
) -> Result<Loaded, ModelError> {
    let (loaded, sha256) = rayon::join(load, || {
        options.sha256.clone().unwrap_or_else(|| digest(bytes))
    });
    Ok((loaded?, sha256))
}

fn load_gguf(path: &Path, options: &LoadOptions) -> Result<Loaded, ModelError> {
    let file = GgufFile::open(path)?;
    let vocab = file
        .shape("token_embd.weight")
        .and_then(|shape| shape.first().copied());
    let config = from_gguf(file.metadata(), vocab.unwrap_or(0), path)?;
    load_and_digest(options, std::iter::once(file.bytes()), || {
        let (transformer, tokenizer) = rayon::join(
            || build(config, &file, FileKind::Gguf, false),
            || read_tokenizer(path, || Tokenizer::from_gguf(file.metadata(), path)),
        );
        // Errors of the weights come first: those of the tokenizer are rare.
        let (transformer, tokenizer) = (transformer?, tokenizer?);
        let chat = ChatTemplate::of_gguf(file.metadata(), &tokenizer, path);
        combine(transformer, tokenizer, chat, &[], path)
    })
}

fn load_folder(folder: &Path, options: &LoadOptions) -> Result<Loaded, ModelError> {
    let path = folder.join("config.json");
    let text = std::fs::read(&path).map_err(|source| ModelError::Read {
        path: path.clone(),
        source,
    })?;
    let json: serde_json::Value =
        serde_json::from_slice(&text).map_err(|error| ModelError::Damaged {
            path: path.clone(),
            reason: format!("it is not JSON: {error}"),
        })?;
    let config = from_hugging_face(&json, &path)?;
    check_unquantised(&json, &path)?;
    // Transformers ties GPT-2 and GPT-Neo by default; a file without a head is tied.
    let tied = json
        .get("tie_word_embeddings")
        .and_then(serde_json::Value::as_bool)
        .unwrap_or(matches!(config.family, Family::Gpt2 | Family::GptNeo));
    let bos = config.bos;
    let weights = SafetensorsFolder::open(folder)?;
    load_and_digest(options, weights.bytes(), || {
        let (transformer, tokenizer) = rayon::join(
            || build(config, &weights, FileKind::Safetensors, tied),
            || {
                let path = folder.join("tokenizer.json");
                read_tokenizer(&path, || Tokenizer::from_file(&path, bos))
            },
        );
        let chat = ChatTemplate::of_folder(folder);
        let ends = ends::declared(folder);
        combine(transformer?, tokenizer?, chat, &ends, weights.path())
    })
}

/// Checks that the weights have every token of the tokenizer, and collects the end-of-text tokens;
/// `ends` are those outside the configuration.
fn combine(
    mut transformer: Transformer,
    tokenizer: Tokenizer,
    chat: Option<ChatTemplate>,
    ends: &[u32],
    path: &Path,
) -> Result<Parts, ModelError> {
    let vocab = transformer.config.vocab;
    if tokenizer.vocab_size() > vocab {
        let reason = format!(
            "the tokenizer's ids need {} tokens but the weights have {vocab}",
            tokenizer.vocab_size()
        );
        return Err(ModelError::Tokenizer {
            path: path.into(),
            reason,
        });
    }
    transformer.config.eos = ends::ends(&transformer.config, ends, &tokenizer);
    Ok((transformer, tokenizer, chat))
}

/// The SHA-256 of the weights, in hex; for several files, of their hex digests, one on each line.
fn digest<'a>(files: impl Iterator<Item = &'a [u8]>) -> String {
    let mut digests: Vec<String> = files.map(|bytes| hex(&Sha256::digest(bytes))).collect();
    if digests.len() == 1 {
        return digests.remove(0);
    }
    hex(&Sha256::digest(digests.join("\n") + "\n"))
}
