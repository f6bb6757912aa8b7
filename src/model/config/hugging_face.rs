//! [`Config`] from a Hugging Face `config.json`.

use std::path::Path;

use serde_json::Value;

use super::{Activation, Block, Config, Family, Mlp, NormKind, Position, RopeScaling};
use crate::model::ModelError;

/// Reads a `config.json` that was parsed from `path`.
///
/// # Errors
/// An architecture that hoplens does not run, a missing value or one that makes no sense.
pub(crate) fn from_hugging_face(json: &Value, path: &Path) -> Result<Config, ModelError> {
    let model_type = json.get("model_type").and_then(Value::as_str).unwrap_or("");
    let family = match model_type {
        "gpt2" => Family::Gpt2,
        "gpt_neo" => Family::GptNeo,
        "gptj" => Family::GptJ,
        "gpt_neox" => Family::GptNeoX,
        "llama" | "mistral" | "smollm" => Family::Llama,
        "qwen2" => Family::Qwen2,
        "qwen3" => Family::Qwen3,
        other => {
            return Err(ModelError::UnknownArchitecture {
                path: path.into(),
                found: if other.is_empty() {
                    "(no model_type)"
                } else {
                    other
                }
                .into(),
                supported: Family::supported(),
            });
        }
    };
    let fields = Fields { json };
    let config = match family {
        Family::Gpt2 => fields.gpt2(),
        Family::GptNeo => fields.gpt_neo(),
        Family::GptJ => fields.gptj(),
        Family::GptNeoX => fields.gpt_neox(),
        Family::Llama | Family::Qwen2 | Family::Qwen3 => fields.llama(family),
    };
    config
        .and_then(|config| config.validate().map(|()| config))
        .map_err(|reason| ModelError::Config {
            path: path.into(),
            reason,
        })
}

/// The values of a `config.json`, with the defaults that Transformers gives them.
struct Fields<'a> {
    json: &'a Value,
}

impl Fields<'_> {
    fn count(&self, key: &str) -> Result<usize, String> {
        self.optional_count(key)
            .ok_or_else(|| format!("'{key}' is missing or not a count"))
    }

    fn optional_count(&self, key: &str) -> Option<usize> {
        self.json
            .get(key)?
            .as_u64()
            .and_then(|n| usize::try_from(n).ok())
    }

    fn number(&self, key: &str) -> Option<f64> {
        self.json.get(key)?.as_f64()
    }

    fn flag(&self, key: &str) -> Option<bool> {
        self.json.get(key)?.as_bool()
    }

    fn activation(&self, key: &str, default: &str) -> Result<Activation, String> {
        match self
            .json
            .get(key)
            .and_then(Value::as_str)
            .unwrap_or(default)
        {
            "gelu_new" | "gelu_fast" | "gelu_pytorch_tanh" => Ok(Activation::GeluTanh),
            "gelu" => Ok(Activation::GeluErf),
            "silu" | "swish" => Ok(Activation::Silu),
            "relu" => Ok(Activation::Relu),
            other => Err(format!(
                "activation '{other}' is not one that hoplens computes"
            )),
        }
    }

    fn token(&self, key: &str) -> Option<u32> {
        self.json
            .get(key)?
            .as_u64()
            .and_then(|n| u32::try_from(n).ok())
    }

    fn tokens(&self, key: &str) -> Vec<u32> {
        match self.json.get(key) {
            Some(Value::Array(ids)) => ids
                .iter()
                .filter_map(|id| id.as_u64().and_then(|n| u32::try_from(n).ok()))
                .collect(),
            _ => self.token(key).into_iter().collect(),
        }
    }

    fn gpt2(&self) -> Result<Config, String> {
        let (layers, width, heads) = (
            self.count("n_layer")?,
            self.count("n_embd")?,
            self.count("n_head")?,
        );
        if self.flag("scale_attn_by_inverse_layer_idx") == Some(true) {
            return Err("'scale_attn_by_inverse_layer_idx' is not supported".into());
        }
        let head_dim = head_dim(width, heads)?;
        let scaled = self.flag("scale_attn_weights").unwrap_or(true);
        Ok(Config {
            family: Family::Gpt2,
            layers,
            width,
            heads,
            kv_heads: heads,
            head_dim,
            mlp_width: self.optional_count("n_inner").unwrap_or(4 * width),
            vocab: self.count("vocab_size")?,
            context: self
                .optional_count("n_positions")
                .or(self.optional_count("n_ctx"))
                .unwrap_or(1024),
            norm: NormKind::LayerNorm,
            norm_eps: self.number("layer_norm_epsilon").unwrap_or(1e-5),
            position: Position::Learned,
            mlp: Mlp::Plain(self.activation("activation_function", "gelu_new")?),
            block: Block::Sequential,
            attention_scale: if scaled { inverse_root(head_dim) } else { 1.0 },
            windows: vec![None; layers],
            qk_norm: false,
            bos: self.token("bos_token_id"),
            eos: self.tokens("eos_token_id"),
        })
    }

    fn gpt_neo(&self) -> Result<Config, String> {
        let (layers, width, heads) = (
            self.count("num_layers")?,
            self.count("hidden_size")?,
            self.count("num_heads")?,
        );
        let window = self.optional_count("window_size").unwrap_or(256);
        let windows = self.attention_layers(layers)?;
        Ok(Config {
            family: Family::GptNeo,
            layers,
            width,
            heads,
            kv_heads: heads,
            head_dim: head_dim(width, heads)?,
            mlp_width: self
                .optional_count("intermediate_size")
                .unwrap_or(4 * width),
            vocab: self.count("vocab_size")?,
            context: self
                .optional_count("max_position_embeddings")
                .unwrap_or(2048),
            norm: NormKind::LayerNorm,
            norm_eps: self.number("layer_norm_epsilon").unwrap_or(1e-5),
            position: Position::Learned,
            mlp: Mlp::Plain(self.activation("activation_function", "gelu_new")?),
            block: Block::Sequential,
            attention_scale: 1.0,
            windows: windows
                .into_iter()
                .map(|local| local.then_some(window))
                .collect(),
            qk_norm: false,
            bos: self.token("bos_token_id"),
            eos: self.tokens("eos_token_id"),
        })
    }

    /// Which layers of a GPT-Neo look only `window_size` positions back.
    fn attention_layers(&self, layers: usize) -> Result<Vec<bool>, String> {
        let is_local = |kind: &Value| kind.as_str() == Some("local");
        if let Some(Value::Array(kinds)) = self.json.get("attention_layers") {
            return Ok(kinds.iter().map(is_local).collect());
        }
        let Some(Value::Array(groups)) = self.json.get("attention_types") else {
            return Err("'attention_types' is missing".into());
        };
        let mut local = Vec::new();
        for group in groups {
            let kinds = group.get(0).and_then(Value::as_array);
            let repeat = group.get(1).and_then(Value::as_u64);
            let (Some(kinds), Some(repeat)) = (kinds, repeat) else {
                return Err("'attention_types' is not a list of [kinds, count]".into());
            };
            for _ in 0..repeat.min(layers as u64) {
                local.extend(kinds.iter().map(is_local));
            }
        }
        Ok(local)
    }

    fn gptj(&self) -> Result<Config, String> {
        let (layers, width, heads) = (
            self.count("n_layer")?,
            self.count("n_embd")?,
            self.count("n_head")?,
        );
        let head_dim = head_dim(width, heads)?;
        Ok(Config {
            family: Family::GptJ,
            layers,
            width,
            heads,
            kv_heads: heads,
            head_dim,
            mlp_width: self.optional_count("n_inner").unwrap_or(4 * width),
            vocab: self.count("vocab_size")?,
            context: self.optional_count("n_positions").unwrap_or(2048),
            norm: NormKind::LayerNorm,
            norm_eps: self.number("layer_norm_epsilon").unwrap_or(1e-5),
            position: Position::Rotary {
                dims: self.optional_count("rotary_dim").unwrap_or(head_dim),
                interleaved: true,
                theta: 10_000.0,
                scaling: RopeScaling::None,
            },
            mlp: Mlp::Plain(self.activation("activation_function", "gelu_new")?),
            block: Block::ParallelSharedNorm,
            attention_scale: inverse_root(head_dim),
            windows: vec![None; layers],
            qk_norm: false,
            bos: self.token("bos_token_id"),
            eos: self.tokens("eos_token_id"),
        })
    }

    fn gpt_neox(&self) -> Result<Config, String> {
        let (layers, width, heads) = (
            self.count("num_hidden_layers")?,
            self.count("hidden_size")?,
            self.count("num_attention_heads")?,
        );
        let head_dim = head_dim(width, heads)?;
        let rope = self.json.get("rope_parameters");
        let share = rope
            .and_then(|rope| rope.get("partial_rotary_factor"))
            .and_then(Value::as_f64)
            .or(self.number("rotary_pct"))
            .unwrap_or(0.25);
        Ok(Config {
            family: Family::GptNeoX,
            layers,
            width,
            heads,
            kv_heads: heads,
            head_dim,
            mlp_width: self
                .optional_count("intermediate_size")
                .unwrap_or(4 * width),
            vocab: self.count("vocab_size")?,
            context: self
                .optional_count("max_position_embeddings")
                .unwrap_or(2048),
            norm: NormKind::LayerNorm,
            norm_eps: self.number("layer_norm_eps").unwrap_or(1e-5),
            position: Position::Rotary {
                dims: (head_dim as f64 * share.clamp(0.0, 1.0)) as usize,
                interleaved: false,
                theta: self
                    .theta()
                    .or(self.number("rotary_emb_base"))
                    .unwrap_or(10_000.0),
                scaling: self.rope_scaling()?,
            },
            mlp: Mlp::Plain(self.activation("hidden_act", "gelu")?),
            block: if self.flag("use_parallel_residual").unwrap_or(true) {
                Block::Parallel
            } else {
                Block::Sequential
            },
            attention_scale: inverse_root(head_dim),
            windows: vec![None; layers],
            qk_norm: false,
            bos: self.token("bos_token_id"),
            eos: self.tokens("eos_token_id"),
        })
    }

    fn llama(&self, family: Family) -> Result<Config, String> {
        let (layers, width, heads) = (
            self.count("num_hidden_layers")?,
            self.count("hidden_size")?,
            self.count("num_attention_heads")?,
        );
        let head_dim = match self.optional_count("head_dim") {
            Some(dim) => dim,
            None => head_dim(width, heads)?,
        };
        // Transformers' own default, which the fields of old Llama checkpoints rely on.
        let theta = self.theta().unwrap_or(10_000.0);
        Ok(Config {
            family,
            layers,
            width,
            heads,
            kv_heads: self.optional_count("num_key_value_heads").unwrap_or(heads),
            head_dim,
            mlp_width: self.count("intermediate_size")?,
            vocab: self.count("vocab_size")?,
            context: self
                .optional_count("max_position_embeddings")
                .unwrap_or(2048),
            norm: NormKind::RmsNorm,
            norm_eps: self.number("rms_norm_eps").unwrap_or(1e-6),
            position: Position::Rotary {
                dims: head_dim,
                interleaved: false,
                theta,
                scaling: self.rope_scaling()?,
            },
            mlp: Mlp::Gated(self.activation("hidden_act", "silu")?),
            block: Block::Sequential,
            attention_scale: inverse_root(head_dim),
            windows: self.sliding_windows(layers),
            qk_norm: family == Family::Qwen3,
            bos: self.token("bos_token_id"),
            eos: self.tokens("eos_token_id"),
        })
    }

    /// Mistral's window on every layer; Qwen's only where it is switched on.
    fn sliding_windows(&self, layers: usize) -> Vec<Option<usize>> {
        let window = self.optional_count("sliding_window");
        let is_on = self.flag("use_sliding_window").unwrap_or(true);
        let Some(window) = window.filter(|_| is_on) else {
            return vec![None; layers];
        };
        let kinds = self.json.get("layer_types").and_then(Value::as_array);
        (0..layers)
            .map(|layer| {
                let slides = kinds.is_none_or(|kinds| {
                    kinds.get(layer).and_then(Value::as_str) == Some("sliding_attention")
                });
                slides.then_some(window)
            })
            .collect()
    }

    /// Transformers 5 keeps it in `rope_parameters`, earlier versions at the top.
    fn theta(&self) -> Option<f64> {
        self.json
            .get("rope_parameters")
            .and_then(|rope| rope.get("rope_theta"))
            .and_then(Value::as_f64)
            .or(self.number("rope_theta"))
    }

    fn rope_scaling(&self) -> Result<RopeScaling, String> {
        let rope = ["rope_parameters", "rope_scaling"]
            .iter()
            .find_map(|key| self.json.get(key).filter(|value| value.is_object()));
        let Some(rope) = rope else {
            return Ok(RopeScaling::None);
        };
        let kind = rope
            .get("rope_type")
            .or(rope.get("type"))
            .and_then(Value::as_str);
        let number = |key: &str| {
            rope.get(key)
                .and_then(Value::as_f64)
                .ok_or_else(|| format!("rope scaling lacks '{key}'"))
        };
        match kind.unwrap_or("default") {
            "default" => Ok(RopeScaling::None),
            "linear" => Ok(RopeScaling::Linear {
                factor: number("factor")?,
            }),
            "llama3" => Ok(RopeScaling::Llama3 {
                factor: number("factor")?,
                low: number("low_freq_factor")?,
                high: number("high_freq_factor")?,
                original_context: number("original_max_position_embeddings")?,
            }),
            other => Err(format!(
                "rope scaling '{other}' is not supported (default, linear, llama3 are)"
            )),
        }
    }
}

fn head_dim(width: usize, heads: usize) -> Result<usize, String> {
    if heads == 0 || !width.is_multiple_of(heads) {
        return Err(format!("{heads} heads do not divide a width of {width}"));
    }
    Ok(width / heads)
}

pub(super) fn inverse_root(head_dim: usize) -> f32 {
    (1.0 / (head_dim as f64).sqrt()) as f32
}
