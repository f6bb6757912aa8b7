//! Builds a [`Transformer`] from the tensors of a file.

use rayon::prelude::*;

use crate::config::{Block, Config, Mlp, PositionalEmbedding};
use crate::error::ModelError;
use crate::linear::Linear;
use crate::matrix::Matrix;
use crate::ops::Norm;
use crate::rope::Rope;
use crate::transformer::{LayerWeights, Transformer};
use crate::weights::names::{LayerTensorNames, Orientation, QkvTensors, TensorNaming, prefixes};
use crate::weights::tensor_source::{TensorData, TensorSource};

/// The kind of file that the tensors come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileKind {
    Safetensors,
    Gguf,
}

/// Reads and packs every weight of a model of shape `config`.
///
/// # Errors
/// A tensor is missing, cannot be read, or has a shape that does not match `config`.
pub(crate) fn build(
    config: Config,
    source: &impl TensorSource,
    kind: FileKind,
    tied: bool,
) -> Result<Transformer, ModelError> {
    let naming = naming(&config, source, kind);
    let reader = WeightReader {
        config: &config,
        source,
        naming,
    };
    let outside = naming.outside();
    let (width, vocab) = (config.width, config.vocab);
    let embedding = reader.linear(&outside.embedding, width, vocab, Orientation::OutputMajor)?;
    let positions = match config.positional_embedding {
        PositionalEmbedding::Learned => {
            let data = reader.values(&outside.positions, &[config.context, width])?;
            Some(Matrix {
                rows: config.context,
                cols: width,
                data,
            })
        }
        PositionalEmbedding::Rotary { .. } => None,
    };
    let head = if tied || !source.has(&format!("{}.weight", outside.head)) {
        None
    } else {
        Some(reader.linear(&outside.head, width, vocab, Orientation::OutputMajor)?)
    };
    let layers = (0..config.layers)
        .into_par_iter()
        .map(|layer| reader.layer(&naming.inside(layer)))
        .collect::<Result<Vec<_>, _>>()?;
    let final_norm = reader.norm(&outside.final_norm, width)?;
    let mut rope = Rope::new(&config.positional_embedding);
    // llama.cpp writes Llama 3's frequency adjustment as a tensor of divisors.
    if let (Some(rope), true) = (&mut rope, source.has("rope_freqs.weight")) {
        let divisors = source.read("rope_freqs.weight")?;
        if !rope.divide(&divisors.data) {
            return Err(source.error(
                "rope_freqs.weight",
                format!(
                    "has shape {:?}, which does not fit the rotary dimensions",
                    divisors.shape
                ),
            ));
        }
    }
    Ok(Transformer {
        config,
        embedding,
        positions,
        layers,
        final_norm,
        head,
        rope,
    })
}

/// The naming that the tensors of `source` follow.
fn naming(config: &Config, source: &impl TensorSource, kind: FileKind) -> TensorNaming {
    let family = config.family;
    if kind == FileKind::Gguf {
        return TensorNaming::Gguf { family };
    }
    let [usual, bare] = prefixes(family);
    let usual = TensorNaming::HuggingFace {
        family,
        prefix: usual,
    };
    if source.has(&format!("{}.weight", usual.outside().embedding)) {
        usual
    } else {
        TensorNaming::HuggingFace {
            family,
            prefix: bare,
        }
    }
}

struct WeightReader<'a, S> {
    config: &'a Config,
    source: &'a S,
    naming: TensorNaming,
}

impl<S: TensorSource> WeightReader<'_, S> {
    fn layer(&self, names: &LayerTensorNames) -> Result<LayerWeights, ModelError> {
        let config = self.config;
        let (width, hidden) = (config.width, config.mlp_width);
        let head_outputs = config.heads * config.head_dim;
        let orientation = self.naming.orientation();
        let qk_norms = if config.qk_norm {
            let [query, key] = &names.qk_norms;
            Some((
                self.norm(query, config.head_dim)?,
                self.norm(key, config.head_dim)?,
            ))
        } else {
            None
        };
        let mlp_norm = match config.block {
            Block::ParallelSharedNorm => None,
            Block::Sequential | Block::Parallel => Some(self.norm(&names.mlp_norm, width)?),
        };
        let up = match (config.mlp, names.up.as_slice()) {
            (Mlp::Gated(_), [gate, up]) => {
                let parts = [(gate, hidden), (up, hidden)];
                self.stacked(
                    &parts.map(|(name, outputs)| (name.as_str(), outputs)),
                    width,
                )?
            }
            (_, [up]) => self.linear(up, width, hidden, orientation)?,
            (_, names) => unreachable!("an MLP is read from one or two maps, not {}", names.len()),
        };
        Ok(LayerWeights {
            attention_norm: self.norm(&names.attention_norm, width)?,
            qkv: self.qkv(&names.qkv)?,
            qk_norms,
            output: self.linear(&names.output, head_outputs, width, orientation)?,
            mlp_norm,
            up,
            down: self.linear(&names.down, hidden, width, orientation)?,
        })
    }

    fn qkv(&self, names: &QkvTensors) -> Result<Linear, ModelError> {
        let Config {
            width,
            heads,
            kv_heads,
            head_dim,
            ..
        } = *self.config;
        let (q, kv) = (heads * head_dim, kv_heads * head_dim);
        match names {
            QkvTensors::Fused(name) => {
                self.linear(name, width, q + 2 * kv, self.naming.orientation())
            }
            QkvTensors::Split([query, key, value]) => {
                // Not preallocated: the counts are not checked against the file yet.
                let mut weight = Vec::new();
                for (name, rows, heads) in [(query, q, heads), (key, kv, kv_heads), (value, kv, 0)]
                {
                    let part = self.values(name, &[rows, width])?;
                    if self.naming.permutes_queries_and_keys() && heads > 0 {
                        weight.extend(restore_halves(&part, heads, head_dim, width));
                    } else {
                        weight.extend(part);
                    }
                }
                let bias = self.joined_bias(&[(query, q), (key, kv), (value, kv)])?;
                Ok(Linear::from_output_major(&weight, width, q + 2 * kv).with_bias(bias))
            }
            QkvTensors::PerHead(name) => {
                let outputs = 3 * q;
                let weight = self.values(name, &[outputs, width])?;
                let weight = per_part(&weight, heads, head_dim, width);
                let bias = self.bias(name, outputs)?;
                let bias = bias.map(|bias| per_part(&bias, heads, head_dim, 1));
                Ok(Linear::from_output_major(&weight, width, outputs).with_bias(bias))
            }
        }
    }

    /// Several linear maps of the same input, stacked into one.
    fn stacked(&self, parts: &[(&str, usize)], inputs: usize) -> Result<Linear, ModelError> {
        let mut weight = Vec::new();
        for (name, outputs) in parts {
            weight.extend(self.values(name, &[*outputs, inputs])?);
        }
        let outputs = parts.iter().map(|(_, outputs)| outputs).sum();
        let bias = self.joined_bias(parts)?;
        Ok(Linear::from_output_major(&weight, inputs, outputs).with_bias(bias))
    }

    /// The concatenated biases of several maps, zero for maps without one; `None` if no map has one.
    fn joined_bias(
        &self,
        parts: &[(impl AsRef<str>, usize)],
    ) -> Result<Option<Vec<f32>>, ModelError> {
        let mut joined = Vec::new();
        let mut any = false;
        for (name, outputs) in parts {
            let bias = self.bias(name.as_ref(), *outputs)?;
            any |= bias.is_some();
            joined.extend(bias.unwrap_or_else(|| vec![0.0; *outputs]));
        }
        Ok(any.then_some(joined))
    }

    fn linear(
        &self,
        name: &str,
        inputs: usize,
        outputs: usize,
        orientation: Orientation,
    ) -> Result<Linear, ModelError> {
        let map = match orientation {
            Orientation::OutputMajor => {
                Linear::from_output_major(&self.values(name, &[outputs, inputs])?, inputs, outputs)
            }
            Orientation::InputMajor => {
                Linear::from_input_major(&self.values(name, &[inputs, outputs])?, inputs, outputs)
            }
        };
        Ok(map.with_bias(self.bias(name, outputs)?))
    }

    fn norm(&self, name: &str, width: usize) -> Result<Norm, ModelError> {
        Ok(Norm {
            kind: self.config.norm,
            eps: self.config.norm_eps,
            gain: self.values(name, &[width])?,
            bias: self.bias(name, width)?,
        })
    }

    fn bias(&self, name: &str, len: usize) -> Result<Option<Vec<f32>>, ModelError> {
        let name = format!("{name}.bias");
        if !self.source.has(&name) {
            return Ok(None);
        }
        self.checked(&name, &[len]).map(Some)
    }

    /// The values of `NAME.weight`, whose shape must be `shape`.
    fn values(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, ModelError> {
        self.checked(&format!("{name}.weight"), shape)
    }

    fn checked(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, ModelError> {
        let TensorData { shape: found, data } = self.source.read(name)?;
        if found != shape {
            return Err(self
                .source
                .error(name, format!("has shape {found:?}, not {shape:?}")));
        }
        // Without a branch per number, so that memory is the limit.
        let strange: usize = data.iter().map(|x| usize::from(!x.is_finite())).sum();
        if strange > 0 {
            return Err(self.source.error(
                name,
                format!("holds {strange} values that are not finite numbers"),
            ));
        }
        Ok(data)
    }
}

/// Undoes llama.cpp's permutation of query and key rows, which stores each head's dimensions as
/// `0, d/2, 1, d/2 + 1, …` so that rotation works on neighbours.
///
/// # Shapes
/// `weight`: `[heads·head_dim, width]` → `[heads·head_dim, width]`.
fn restore_halves(weight: &[f32], heads: usize, head_dim: usize, width: usize) -> Vec<f32> {
    let half = head_dim / 2;
    let mut restored = Vec::with_capacity(weight.len());
    for head in 0..heads {
        for row in 0..head_dim {
            let stored = head * head_dim + 2 * (row % half) + row / half;
            restored.extend_from_slice(&weight[stored * width..(stored + 1) * width]);
        }
    }
    restored
}

/// Reorders `[head][query, key, value]` to `[query, key, value][head]`.
///
/// # Shapes
/// `weight`: `[heads·3·head_dim, width]` → `[3·heads·head_dim, width]`.
fn per_part(weight: &[f32], heads: usize, head_dim: usize, width: usize) -> Vec<f32> {
    let block = head_dim * width;
    let mut sorted = Vec::with_capacity(weight.len());
    for part in 0..3 {
        for head in 0..heads {
            let start = (head * 3 + part) * block;
            sorted.extend_from_slice(&weight[start..start + block]);
        }
    }
    sorted
}
