//! A model from its files.

mod check;

use std::path::Path;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use check::check_unquantised;
pub(crate) use check::read_tokenizer;

use super::config::{Config, Family, NormKind, from_gguf, from_hugging_face};
use super::error::ModelError;
use super::hooks::{Action, Cancel, Hooks};
use super::matrix::Matrix;
use super::ops::Norm;
use super::store::{Format as ModelFiles, hex};
use super::tokenizer::Tokenizer;
use super::trace::Trace;
use super::transformer::Transformer;
use super::weights::{FileKind, GgufFile, SafetensorsFolder, Source, build};

/// How a model is loaded.
#[derive(Debug, Clone, Default)]
pub struct LoadOptions {
    /// The name that reports carry; the file's own name where empty.
    pub name: String,
    /// The weights' digest where it is known already; computed otherwise.
    pub sha256: Option<String>,
}

/// What reports say of the model that made a number.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ModelInfo {
    /// Alias, repository or file name.
    pub name: String,
    /// Hex digest of the weights (of several files: of their hex digests, one to a line).
    pub sha256: String,
    /// Number of blocks.
    pub layers: usize,
    /// Query heads of a layer.
    pub heads: usize,
    /// Width of the residual stream.
    pub width: usize,
}

/// A model in memory: weights in f32, tokenizer, identity.
#[derive(Debug)]
pub struct Model {
    /// Who it is.
    pub info: ModelInfo,
    /// Its tokenizer.
    pub tokenizer: Tokenizer,
    /// How long loading took.
    pub load_time: Duration,
    transformer: Transformer,
}

impl Model {
    /// Loads a model.
    ///
    /// # Errors
    /// A file is missing, damaged, of an unknown architecture, or its parts do not belong
    /// together; each names the file and the remedy.
    pub fn load(files: &ModelFiles, options: &LoadOptions) -> Result<Self, ModelError> {
        let start = Instant::now();
        let ((transformer, tokenizer), sha256) = match files {
            ModelFiles::Gguf(path) => load_gguf(path, options)?,
            ModelFiles::Folder(folder) => load_folder(folder, options)?,
        };
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
            transformer,
            load_time: start.elapsed(),
        })
    }

    /// The model's shape.
    pub fn config(&self) -> &Config {
        &self.transformer.config
    }

    /// Runs the model over several sequences at once.
    ///
    /// # Errors
    /// An empty or too long sequence, a hook outside the model, or `cancel` was set.
    pub fn forward(
        &self,
        sequences: &[&[u32]],
        hooks: &Hooks,
        cancel: &Cancel,
    ) -> Result<Trace, ModelError> {
        for tokens in sequences {
            self.check_sequence(tokens)?;
        }
        self.check_hooks(hooks)?;
        self.check_forks(hooks, sequences)?;
        self.transformer.forward(sequences, hooks, cancel)
    }

    fn check_sequence(&self, tokens: &[u32]) -> Result<(), ModelError> {
        let Config { vocab, context, .. } = *self.config();
        if tokens.is_empty() {
            return Err(ModelError::EmptyPrompt);
        }
        if tokens.len() > context {
            let model = self.info.name.clone();
            return Err(ModelError::TooLong {
                tokens: tokens.len(),
                context,
                model,
            });
        }
        match tokens.iter().find(|token| **token as usize >= vocab) {
            Some(token) => Err(self.out_of_range("token", *token as usize, vocab)),
            None => Ok(()),
        }
    }

    fn check_hooks(&self, hooks: &Hooks) -> Result<(), ModelError> {
        let Config {
            layers,
            heads,
            width,
            head_dim,
            ..
        } = *self.config();
        for change in &hooks.interventions {
            if change.layer >= layers {
                return Err(self.out_of_range("layer", change.layer, layers));
            }
            let (head, len, wanted) = match &change.action {
                Action::AddAttnOut(vector) | Action::ReplaceAttnOut(vector) => {
                    (0, vector.len(), width)
                }
                Action::ZeroHead(head) => (*head, 0, 0),
                Action::ReplaceHead(head, vector) => (*head, vector.len(), head_dim),
            };
            if head >= heads {
                return Err(self.out_of_range("head", head, heads));
            }
            if len != wanted {
                return Err(self.out_of_range("dimension", len, wanted));
            }
        }
        Ok(())
    }

    fn check_forks(&self, hooks: &Hooks, sequences: &[&[u32]]) -> Result<(), ModelError> {
        for fork in &hooks.forks {
            self.check_layer(fork.layer)?;
            let Some(tokens) = sequences.get(fork.sequence) else {
                return Err(self.out_of_range("sequence", fork.sequence, sequences.len()));
            };
            if fork.at.range(tokens.len()).is_empty() {
                return Err(self.out_of_range("position", tokens.len(), tokens.len()));
            }
            if fork.vector.len() != self.info.width {
                return Err(self.out_of_range("dimension", fork.vector.len(), self.info.width));
            }
        }
        Ok(())
    }

    /// Checks that the model has a layer.
    ///
    /// # Errors
    /// [`ModelError::OutOfRange`].
    pub fn check_layer(&self, layer: usize) -> Result<(), ModelError> {
        if layer < self.info.layers {
            Ok(())
        } else {
            Err(self.out_of_range("layer", layer, self.info.layers))
        }
    }

    fn out_of_range(&self, what: &'static str, index: usize, count: usize) -> ModelError {
        ModelError::OutOfRange {
            what,
            index,
            count,
            model: self.info.name.clone(),
        }
    }

    /// The embedding e_t of a token.
    ///
    /// # Shapes
    /// → `[width]`.
    pub fn embedding(&self, token: u32) -> Vec<f32> {
        self.transformer.embedding.column(token as usize)
    }

    /// The output head's row w_t of a token (e_t in tied models).
    ///
    /// # Shapes
    /// → `[width]`.
    pub fn unembedding(&self, token: u32) -> Vec<f32> {
        self.transformer.head().column(token as usize)
    }

    /// The mean w̄ of the output head's rows.
    ///
    /// # Shapes
    /// → `[width]`.
    pub fn mean_unembedding(&self) -> Vec<f32> {
        self.transformer.head().mean_column()
    }

    /// The output head's bias for a token; 0 where it has none.
    pub fn unembedding_bias(&self, token: u32) -> f32 {
        self.transformer
            .head()
            .bias
            .as_ref()
            .map_or(0.0, |bias| bias[token as usize])
    }

    /// Projects vectors of the residual stream on every token, without norm or bias.
    ///
    /// # Shapes
    /// `vectors`: `[rows, width]` → `[rows, vocab]`.
    pub fn unembed(&self, vectors: &Matrix) -> Matrix {
        self.transformer.head().product(vectors)
    }

    /// The final norm's gain γ.
    ///
    /// # Shapes
    /// → `[width]`.
    pub fn final_gain(&self) -> &[f32] {
        &self.final_norm().gain
    }

    /// The final norm's bias β, where it has one.
    ///
    /// # Shapes
    /// → `[width]`.
    pub fn final_bias(&self) -> Option<&[f32]> {
        self.final_norm().bias.as_deref()
    }

    /// What the final norm subtracts from a residual and multiplies the rest by, before gain and
    /// bias: the frozen scale of direct logit contributions.
    ///
    /// # Shapes
    /// `resid`: `[width]`.
    pub fn final_statistics(&self, resid: &[f32]) -> (f32, f32) {
        self.final_norm().statistics(resid)
    }

    /// Whether the final norm subtracts the mean.
    pub fn centres(&self) -> bool {
        self.final_norm().kind == NormKind::LayerNorm
    }

    fn final_norm(&self) -> &Norm {
        &self.transformer.final_norm
    }

    /// Every head's own addition to the residual stream, r_h = z_h·W_O^h, without the output
    /// bias, which belongs to no head.
    ///
    /// # Shapes
    /// `z`: `[heads·head_dim]` → `[heads, width]`.
    pub fn head_outputs(&self, layer: usize, z: &[f32]) -> Matrix {
        let Config {
            heads, head_dim, ..
        } = *self.config();
        let mut rows = Matrix::zeros(heads, heads * head_dim);
        for head in 0..heads {
            let columns = head * head_dim..(head + 1) * head_dim;
            rows.row_mut(head)[columns.clone()].copy_from_slice(&z[columns]);
        }
        self.transformer.layers[layer].output.product(&rows)
    }

    /// The attention output's bias of a layer, where it has one.
    ///
    /// # Shapes
    /// → `[width]`.
    pub fn attention_bias(&self, layer: usize) -> Option<&[f32]> {
        self.transformer.layers[layer].output.bias.as_deref()
    }
}

type Loaded = ((Transformer, Tokenizer), String);

/// Digests the weights on another thread while `load` unpacks them.
fn beside_digest<'a>(
    options: &LoadOptions,
    bytes: impl Iterator<Item = &'a [u8]> + Send,
    load: impl FnOnce() -> Result<(Transformer, Tokenizer), ModelError> + Send,
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
    beside_digest(options, std::iter::once(file.bytes()), || {
        let (transformer, tokenizer) = rayon::join(
            || build(config, &file, FileKind::Gguf, false),
            || read_tokenizer(path, || Tokenizer::from_gguf(file.metadata(), path)),
        );
        matched(transformer?, tokenizer?, path)
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
    // Transformers ties GPT-2 and GPT-Neo unless told otherwise; a file without a head is tied.
    let tied = json
        .get("tie_word_embeddings")
        .and_then(serde_json::Value::as_bool)
        .unwrap_or(matches!(config.family, Family::Gpt2 | Family::GptNeo));
    let bos = config.bos;
    let weights = SafetensorsFolder::open(folder)?;
    beside_digest(options, weights.bytes(), || {
        let (transformer, tokenizer) = rayon::join(
            || build(config, &weights, FileKind::Safetensors, tied),
            || {
                let path = folder.join("tokenizer.json");
                read_tokenizer(&path, || Tokenizer::from_file(&path, bos))
            },
        );
        matched(transformer?, tokenizer?, weights.path())
    })
}

/// Checks that the tokenizer speaks no token that the weights lack.
fn matched(
    transformer: Transformer,
    tokenizer: Tokenizer,
    path: &Path,
) -> Result<(Transformer, Tokenizer), ModelError> {
    let vocab = transformer.config.vocab;
    if tokenizer.vocab_size() > vocab {
        let reason = format!(
            "the tokenizer has {} tokens but the weights have {vocab}",
            tokenizer.vocab_size()
        );
        return Err(ModelError::Tokenizer {
            path: path.into(),
            reason,
        });
    }
    Ok((transformer, tokenizer))
}

/// Hex digest of the weights; of several files, of their hex digests, one to a line.
fn digest<'a>(files: impl Iterator<Item = &'a [u8]>) -> String {
    let mut digests: Vec<String> = files.map(|bytes| hex(&Sha256::digest(bytes))).collect();
    if digests.len() == 1 {
        return digests.remove(0);
    }
    hex(&Sha256::digest(digests.join("\n") + "\n"))
}
