//! Rotary positions in a `config.json`: `rope_parameters` as Transformers 5 writes them, or
//! `rope_theta` and `rope_scaling` as earlier versions did.

use serde_json::Value;

use crate::config::architecture::PositionalEmbedding;
use crate::config::hugging_face::json_fields::JsonFields;
use crate::config::scaling::{RopeScaling, yarn_attention};

impl JsonFields<'_> {
    /// Rotary positions over the first `dims` dimensions of a head, in halves.
    pub(super) fn rotary(&self, dims: usize) -> Result<PositionalEmbedding, String> {
        Ok(PositionalEmbedding::Rotary {
            dims,
            interleaved: false,
            theta: self.theta(),
            scaling: self.rope_scaling()?,
        })
    }

    /// The share of a GPT-NeoX head that is rotated.
    pub(super) fn rotary_share(&self) -> f64 {
        self.json
            .get("rope_parameters")
            .and_then(|rope| rope.get("partial_rotary_factor"))
            .and_then(Value::as_f64)
            .or(self.number("rotary_pct"))
            .unwrap_or(0.25)
            .clamp(0.0, 1.0)
    }

    /// The base θ. Old checkpoints rely on Transformers' default of 10 000.
    fn theta(&self) -> f64 {
        self.json
            .get("rope_parameters")
            .and_then(|rope| rope.get("rope_theta"))
            .and_then(Value::as_f64)
            .or(self.number("rope_theta"))
            .or(self.number("rotary_emb_base"))
            .unwrap_or(10_000.0)
    }

    fn rope_scaling(&self) -> Result<RopeScaling, String> {
        let rope = ["rope_scaling", "rope_parameters"]
            .iter()
            .find_map(|key| self.json.get(key).filter(|value| value.is_object()));
        let Some(rope) = rope else {
            return Ok(RopeScaling::None);
        };
        let scaling = Scaling {
            rope,
            context: self.number("max_position_embeddings").unwrap_or(2048.0),
            original: self.number("original_max_position_embeddings"),
        };
        let kind = rope.get("rope_type").or(rope.get("type"));
        match kind.and_then(Value::as_str).unwrap_or("default") {
            "default" => Ok(RopeScaling::None),
            "linear" => Ok(RopeScaling::Linear {
                factor: scaling.required("factor")?,
            }),
            "llama3" => Ok(RopeScaling::Llama3 {
                factor: scaling.required("factor")?,
                low: scaling.required("low_freq_factor")?,
                high: scaling.required("high_freq_factor")?,
                original_context: scaling.original_context(),
            }),
            "dynamic" => Ok(RopeScaling::Dynamic {
                factor: scaling.required("factor")?,
                original_context: scaling.context,
            }),
            "yarn" => Ok(scaling.yarn()),
            "longrope" => scaling.longrope(),
            other => Err(format!(
                "rope scaling '{other}' is not supported \
                 (default, linear, llama3, dynamic, yarn, longrope are)"
            )),
        }
    }
}

/// The entries of `rope_scaling` or `rope_parameters`.
struct Scaling<'a> {
    rope: &'a Value,
    /// `max_position_embeddings`.
    context: f64,
    /// `original_max_position_embeddings` at the top level of the file.
    original: Option<f64>,
}

impl Scaling<'_> {
    fn number(&self, key: &str) -> Option<f64> {
        self.rope.get(key)?.as_f64()
    }

    fn required(&self, key: &str) -> Result<f64, String> {
        self.number(key)
            .ok_or_else(|| format!("rope scaling lacks '{key}'"))
    }

    fn original_context(&self) -> f64 {
        self.original
            .or(self.number("original_max_position_embeddings"))
            .unwrap_or(self.context)
    }

    fn yarn(&self) -> RopeScaling {
        let original_context = self.original_context();
        let factor = self
            .number("factor")
            .unwrap_or(self.context / original_context);
        // Transformers treats zero as absent.
        let given = |key: &str| self.number(key).filter(|value| *value != 0.0);
        let inferred = || match (given("mscale"), given("mscale_all_dim")) {
            (Some(one), Some(all)) => yarn_attention(factor, one) / yarn_attention(factor, all),
            _ => yarn_attention(factor, 1.0),
        };
        RopeScaling::Yarn {
            factor,
            original_context,
            attention_factor: self.number("attention_factor").unwrap_or_else(inferred),
            beta_fast: given("beta_fast").unwrap_or(32.0),
            beta_slow: given("beta_slow").unwrap_or(1.0),
            truncate: self
                .rope
                .get("truncate")
                .and_then(Value::as_bool)
                .unwrap_or(true),
        }
    }

    fn longrope(&self) -> Result<RopeScaling, String> {
        let original_context = self.original_context();
        let factor = self
            .number("factor")
            .unwrap_or(self.context / original_context);
        let inferred = if factor <= 1.0 {
            1.0
        } else {
            (1.0 + factor.ln() / original_context.ln()).sqrt()
        };
        let list = |key: &str| {
            let values = self.rope.get(key).and_then(Value::as_array);
            values
                .and_then(|values| values.iter().map(Value::as_f64).collect())
                .ok_or_else(|| format!("rope scaling lacks the list of numbers '{key}'"))
        };
        Ok(RopeScaling::LongRope {
            original_context,
            attention_factor: self.number("attention_factor").unwrap_or(inferred),
            short: list("short_factor")?,
            long: list("long_factor")?,
        })
    }
}
