//! Typed access to the values of a `config.json`.

use serde_json::Value;

use crate::config::architecture::Activation;

/// The values of a `config.json`.
pub(super) struct JsonFields<'a> {
    pub(super) json: &'a Value,
}

impl JsonFields<'_> {
    /// A count that must be there.
    ///
    /// # Errors
    /// The value is missing or not a count.
    pub(super) fn count(&self, key: &str) -> Result<usize, String> {
        self.optional_count(key)
            .ok_or_else(|| format!("'{key}' is missing or not a count"))
    }

    /// Returns a count; `None` if the field is absent or of another type.
    pub(super) fn optional_count(&self, key: &str) -> Option<usize> {
        self.json
            .get(key)?
            .as_u64()
            .and_then(|n| usize::try_from(n).ok())
    }

    /// Returns a number; `None` if the field is absent or of another type.
    pub(super) fn number(&self, key: &str) -> Option<f64> {
        self.json.get(key)?.as_f64()
    }

    /// Returns a Boolean; `None` if the field is absent or of another type.
    pub(super) fn flag(&self, key: &str) -> Option<bool> {
        self.json.get(key)?.as_bool()
    }

    /// The activation function under `key`, or the one named `default`.
    ///
    /// # Errors
    /// hoplens does not compute the function.
    pub(super) fn activation(&self, key: &str, default: &str) -> Result<Activation, String> {
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

    /// Returns a token id; `None` if the field is absent or of another type.
    pub(super) fn token(&self, key: &str) -> Option<u32> {
        self.json
            .get(key)?
            .as_u64()
            .and_then(|n| u32::try_from(n).ok())
    }

    /// One token id or a list of them; empty if there is none.
    pub(super) fn tokens(&self, key: &str) -> Vec<u32> {
        self.json.get(key).map_or_else(Vec::new, token_ids)
    }
}

/// The ids in a JSON value that is one token id or a list of them.
pub(crate) fn token_ids(value: &Value) -> Vec<u32> {
    let id = |value: &Value| value.as_u64().and_then(|n| u32::try_from(n).ok());
    match value {
        Value::Array(ids) => ids.iter().filter_map(id).collect(),
        one => id(one).into_iter().collect(),
    }
}
