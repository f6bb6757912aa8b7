//! [`Config`] from the metadata of a GGUF file.

use std::collections::HashMap;
use std::path::Path;

use candle_core::quantized::gguf_file::Value;

use crate::config::architecture::{Activation, Block, Mlp, NormKind, PositionalEmbedding};
use crate::config::family::Family;
use crate::config::model_config::{Config, MAX_LAYERS, inverse_sqrt};
use crate::config::scaling::{RopeScaling, yarn_attention};
use crate::error::ModelError;

/// The shape that the `ARCH.*` metadata describe; `vocab` is the number of rows of the token
/// embedding.
///
/// # Errors
/// hoplens does not read the architecture from GGUF, or a value is missing or impossible.
pub(crate) fn from_gguf(
    metadata: &HashMap<String, Value>,
    vocab: usize,
    path: &Path,
) -> Result<Config, ModelError> {
    let architecture = match metadata.get("general.architecture") {
        Some(Value::String(name)) => name.as_str(),
        _ => "(none named)",
    };
    let family = match architecture {
        "llama" => Family::Llama,
        "gpt2" => Family::Gpt2,
        "gptneox" => Family::GptNeoX,
        "qwen2" => Family::Qwen2,
        "qwen3" => Family::Qwen3,
        other => {
            return Err(ModelError::UnknownArchitecture {
                path: path.into(),
                found: other.into(),
                supported: "llama, gpt2, gptneox, qwen2, qwen3 (as GGUF)".into(),
            });
        }
    };
    let fields = GgufFields {
        metadata,
        prefix: architecture,
    };
    fields
        .config(family, vocab)
        .map(Config::extend_context)
        .and_then(|config| config.validate().map(|()| config))
        .map_err(|reason| ModelError::Config {
            path: path.into(),
            reason,
        })
}

struct GgufFields<'a> {
    metadata: &'a HashMap<String, Value>,
    prefix: &'a str,
}

impl GgufFields<'_> {
    fn get(&self, key: &str) -> Option<&Value> {
        self.metadata.get(&format!("{}.{key}", self.prefix))
    }

    fn optional_count(&self, key: &str) -> Option<usize> {
        self.get(key)?
            .to_u64()
            .ok()
            .and_then(|n| usize::try_from(n).ok())
    }

    fn count(&self, key: &str) -> Result<usize, String> {
        self.optional_count(key)
            .ok_or_else(|| format!("metadata '{}.{key}' is missing or not a count", self.prefix))
    }

    fn number(&self, key: &str) -> Option<f64> {
        let value = self.get(key)?;
        value
            .to_f32()
            .map(f64::from)
            .or_else(|_| value.to_f64())
            .ok()
    }

    fn token(&self, key: &str) -> Option<u32> {
        let value = self.metadata.get(&format!("tokenizer.ggml.{key}"))?;
        value.to_u64().ok().and_then(|n| u32::try_from(n).ok())
    }

    fn config(&self, family: Family, vocab: usize) -> Result<Config, String> {
        let layers = self.count("block_count")?;
        let width = self.count("embedding_length")?;
        let heads = self.count("attention.head_count")?;
        if heads == 0 {
            return Err("attention.head_count is 0".into());
        }
        let head_dim = self
            .optional_count("attention.key_length")
            .unwrap_or(width / heads);
        let norm = match family {
            Family::Gpt2 | Family::GptNeoX => NormKind::LayerNorm,
            _ => NormKind::RmsNorm,
        };
        let norm_eps = match norm {
            NormKind::LayerNorm => self.number("attention.layer_norm_epsilon"),
            NormKind::RmsNorm => self.number("attention.layer_norm_rms_epsilon"),
        };
        let parallel = match self.get("use_parallel_residual") {
            Some(Value::Bool(on)) => *on,
            _ => true,
        };
        Ok(Config {
            family,
            layers,
            width,
            heads,
            kv_heads: self
                .optional_count("attention.head_count_kv")
                .unwrap_or(heads),
            head_dim,
            mlp_width: self.count("feed_forward_length")?,
            vocab,
            context: self.count("context_length")?,
            norm,
            norm_eps: norm_eps.unwrap_or(1e-5),
            positional_embedding: match family {
                Family::Gpt2 => PositionalEmbedding::Learned,
                _ => PositionalEmbedding::Rotary {
                    dims: self
                        .optional_count("rope.dimension_count")
                        .unwrap_or(head_dim),
                    interleaved: false,
                    theta: self.number("rope.freq_base").unwrap_or(10_000.0),
                    scaling: self.rope_scaling()?,
                },
            },
            mlp: match family {
                Family::Gpt2 => Mlp::Plain(Activation::GeluTanh),
                Family::GptNeoX => Mlp::Plain(Activation::GeluErf),
                _ => Mlp::Gated(Activation::Silu),
            },
            block: if family == Family::GptNeoX && parallel {
                Block::Parallel
            } else {
                Block::Sequential
            },
            attention_scale: inverse_sqrt(head_dim),
            scales_by_layer: false,
            windows: vec![self.window(family); layers.min(MAX_LAYERS)],
            qk_norm: family == Family::Qwen3,
            bos: self.token("bos_token_id"),
            eos: ["eos_token_id", "eot_token_id", "eom_token_id"]
                .into_iter()
                .filter_map(|key| self.token(key))
                .collect(),
        })
    }

    /// The sliding window of every layer. Only Mistral, which GGUF calls `llama`, has one; 0 is none.
    fn window(&self, family: Family) -> Option<usize> {
        self.optional_count("attention.sliding_window")
            .filter(|width| family == Family::Llama && *width > 0)
    }

    fn rope_scaling(&self) -> Result<RopeScaling, String> {
        // Files of 2023 use the old key and name no type: linear was the only one.
        let old = self.number("rope.scale_linear");
        let factor = self.number("rope.scaling.factor").or(old).unwrap_or(1.0);
        let kind = match self.get("rope.scaling.type") {
            Some(Value::String(kind)) => kind.as_str(),
            _ if old.is_some() => "linear",
            _ => "none",
        };
        match kind {
            "none" => Ok(RopeScaling::None),
            "linear" => Ok(RopeScaling::Linear { factor }),
            "yarn" => {
                let number = |keys: [&str; 2], default: f64| {
                    keys.iter()
                        .find_map(|key| self.number(&format!("rope.scaling.{key}")))
                        .unwrap_or(default)
                };
                let context = self.count("context_length")?;
                let original = self.optional_count("rope.scaling.original_context_length");
                // ggml's `rope_yarn` multiplies its own factor by the file's.
                let extra = number(["yarn_attn_factor", "attn_factor"], 1.0);
                Ok(RopeScaling::Yarn {
                    factor,
                    original_context: original.unwrap_or(context) as f64,
                    attention_factor: extra * yarn_attention(factor, 1.0),
                    beta_fast: number(["yarn_beta_fast", "beta_fast"], 32.0),
                    beta_slow: number(["yarn_beta_slow", "beta_slow"], 1.0),
                    truncate: true,
                })
            }
            other => Err(format!(
                "rope scaling '{other}' is not supported (none, linear, yarn are)"
            )),
        }
    }
}
