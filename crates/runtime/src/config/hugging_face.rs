//! [`Config`] from a Hugging Face `config.json`.

mod json_fields;
mod rope;

pub(crate) use json_fields::token_ids;

use std::path::Path;

use serde_json::Value;

use crate::config::architecture::{Block, Mlp, NormKind, PositionalEmbedding};
use crate::config::family::Family;
use crate::config::hugging_face::json_fields::JsonFields;
use crate::config::model_config::{Config, MAX_LAYERS, inverse_sqrt};
use crate::config::scaling::RopeScaling;
use crate::error::ModelError;

/// The shape that a `config.json`, parsed from `path`, describes.
///
/// # Errors
/// hoplens does not run the architecture, or a value is missing or impossible.
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
    let fields = JsonFields { json };
    let config = match family {
        Family::Gpt2 => fields.gpt2(),
        Family::GptNeo => fields.gpt_neo(),
        Family::GptJ => fields.gptj(),
        Family::GptNeoX => fields.gpt_neox(),
        Family::Llama if model_type == "mistral" => fields.llama(family, WindowRule::Always),
        Family::Llama => fields.llama(family, WindowRule::Never),
        Family::Qwen2 | Family::Qwen3 => fields.llama(family, WindowRule::Switched),
    };
    config
        .map(Config::extend_context)
        .and_then(|config| config.validate().map(|()| config))
        .map_err(|reason| ModelError::Config {
            path: path.into(),
            reason,
        })
}

/// The keys under which a family stores the values that all families have.
struct Shape {
    layers: &'static str,
    width: &'static str,
    heads: &'static str,
    /// Whether `head_dim` may differ from width / heads.
    free_heads: bool,
    mlp_width: &'static str,
    context: &'static str,
    norm_eps: &'static str,
    /// The key, and the activation where it is absent.
    activation: (&'static str, &'static str),
}

impl Shape {
    const GPT2: Self = Self {
        layers: "n_layer",
        width: "n_embd",
        heads: "n_head",
        free_heads: false,
        mlp_width: "n_inner",
        context: "n_positions",
        norm_eps: "layer_norm_epsilon",
        activation: ("activation_function", "gelu_new"),
    };
    const GPT_NEO: Self = Self {
        layers: "num_layers",
        width: "hidden_size",
        heads: "num_heads",
        mlp_width: "intermediate_size",
        context: "max_position_embeddings",
        ..Self::GPT2
    };
    const GPT_NEOX: Self = Self {
        layers: "num_hidden_layers",
        heads: "num_attention_heads",
        norm_eps: "layer_norm_eps",
        activation: ("hidden_act", "gelu"),
        ..Self::GPT_NEO
    };
    const LLAMA: Self = Self {
        free_heads: true,
        norm_eps: "rms_norm_eps",
        activation: ("hidden_act", "silu"),
        ..Self::GPT_NEOX
    };
}

/// The layers that have a sliding attention window.
#[derive(Debug, Clone, Copy)]
enum WindowRule {
    /// None (Llama).
    Never,
    /// Every layer, if a width is given (Mistral).
    Always,
    /// Some layers, if `use_sliding_window` is on (Qwen).
    Switched,
}

impl JsonFields<'_> {
    /// The values that all families store; each family then overrides what it does differently.
    fn base(&self, family: Family, shape: &Shape) -> Result<Config, String> {
        let layers = self.count(shape.layers)?;
        let width = self.count(shape.width)?;
        let heads = self.count(shape.heads)?;
        let head_dim = match self.optional_count("head_dim").filter(|_| shape.free_heads) {
            Some(dim) => dim,
            None if heads > 0 && width.is_multiple_of(heads) => width / heads,
            None => return Err(format!("{heads} heads do not divide a width of {width}")),
        };
        Ok(Config {
            family,
            layers,
            width,
            heads,
            kv_heads: heads,
            head_dim,
            mlp_width: self
                .optional_count(shape.mlp_width)
                .unwrap_or_else(|| width.saturating_mul(4)),
            vocab: self.count("vocab_size")?,
            context: self.optional_count(shape.context).unwrap_or(2048),
            norm: NormKind::LayerNorm,
            norm_eps: self.number(shape.norm_eps).unwrap_or(1e-5),
            positional_embedding: PositionalEmbedding::Learned,
            mlp: Mlp::Plain(self.activation(shape.activation.0, shape.activation.1)?),
            block: Block::Sequential,
            attention_scale: inverse_sqrt(head_dim),
            scales_by_layer: false,
            windows: vec![None; checked_layers(layers)?],
            qk_norm: false,
            bos: self.token("bos_token_id"),
            eos: self.tokens("eos_token_id"),
        })
    }

    fn gpt2(&self) -> Result<Config, String> {
        let base = self.base(Family::Gpt2, &Shape::GPT2)?;
        let scaled = self.flag("scale_attn_weights").unwrap_or(true);
        Ok(Config {
            context: self
                .optional_count("n_positions")
                .or(self.optional_count("n_ctx"))
                .unwrap_or(1024),
            attention_scale: if scaled { base.attention_scale } else { 1.0 },
            scales_by_layer: self.flag("scale_attn_by_inverse_layer_idx") == Some(true),
            ..base
        })
    }

    fn gpt_neo(&self) -> Result<Config, String> {
        let base = self.base(Family::GptNeo, &Shape::GPT_NEO)?;
        let window = self.optional_count("window_size").unwrap_or(256);
        let windows = self.attention_layers(base.layers)?;
        Ok(Config {
            attention_scale: 1.0,
            windows: windows
                .into_iter()
                .map(|local| local.then_some(window))
                .collect(),
            ..base
        })
    }

    /// For each layer of a GPT-Neo, whether it sees only `window_size` positions back.
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
                if local.len() > layers {
                    return Err(format!("'attention_types' names more than {layers} layers"));
                }
            }
        }
        Ok(local)
    }

    fn gptj(&self) -> Result<Config, String> {
        let base = self.base(Family::GptJ, &Shape::GPT2)?;
        Ok(Config {
            positional_embedding: PositionalEmbedding::Rotary {
                dims: self.optional_count("rotary_dim").unwrap_or(base.head_dim),
                interleaved: true,
                theta: 10_000.0,
                scaling: RopeScaling::None,
            },
            block: Block::ParallelSharedNorm,
            ..base
        })
    }

    fn gpt_neox(&self) -> Result<Config, String> {
        let base = self.base(Family::GptNeoX, &Shape::GPT_NEOX)?;
        let dims = (base.head_dim as f64 * self.rotary_share()) as usize;
        Ok(Config {
            positional_embedding: self.rotary(dims)?,
            block: if self.flag("use_parallel_residual").unwrap_or(true) {
                Block::Parallel
            } else {
                Block::Sequential
            },
            ..base
        })
    }

    fn llama(&self, family: Family, windows: WindowRule) -> Result<Config, String> {
        let base = self.base(family, &Shape::LLAMA)?;
        Ok(Config {
            kv_heads: self
                .optional_count("num_key_value_heads")
                .unwrap_or(base.heads),
            mlp_width: self.count("intermediate_size")?,
            norm: NormKind::RmsNorm,
            norm_eps: self.number("rms_norm_eps").unwrap_or(1e-6),
            positional_embedding: self.rotary(base.head_dim)?,
            mlp: Mlp::Gated(self.activation("hidden_act", "silu")?),
            windows: self.sliding_windows(base.layers, windows),
            qk_norm: family == Family::Qwen3,
            ..base
        })
    }

    /// For each layer, how many positions back it sees; `None` sees all.
    fn sliding_windows(&self, layers: usize, rule: WindowRule) -> Vec<Option<usize>> {
        // Mistral's and Qwen's default; `null` switches the window off.
        let width = match self.json.get("sliding_window") {
            None => Some(4096),
            Some(width) => width.as_u64().and_then(|n| usize::try_from(n).ok()),
        };
        let switched_on = self.flag("use_sliding_window") == Some(true);
        let kinds = self.json.get("layer_types").and_then(Value::as_array);
        let full_below = self.optional_count("max_window_layers").unwrap_or(28);
        let slides = |layer: usize| match (rule, kinds) {
            (WindowRule::Never, _) => false,
            (WindowRule::Always, _) => true,
            (WindowRule::Switched, _) if !switched_on => false,
            (WindowRule::Switched, Some(kinds)) => {
                kinds.get(layer).and_then(Value::as_str) == Some("sliding_attention")
            }
            (WindowRule::Switched, None) => layer >= full_below,
        };
        (0..layers)
            .map(|layer| width.filter(|_| slides(layer)))
            .collect()
    }
}

/// Checks a layer count before anything of that size is allocated.
fn checked_layers(layers: usize) -> Result<usize, String> {
    if layers > MAX_LAYERS {
        return Err(format!(
            "layer count {layers} is not between 1 and {MAX_LAYERS}"
        ));
    }
    Ok(layers)
}
