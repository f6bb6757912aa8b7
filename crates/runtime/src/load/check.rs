//! Checks before a model is read, and panics that are caught while it is read.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use crate::error::ModelError;
use crate::tokenizer::Tokenizer;

/// Checks that the weights are not quantised by a method of their own (AWQ, GPTQ, bitsandbytes,
/// MLX, …), whose tensors have other names and need the method to be read.
pub(super) fn check_unquantised(json: &serde_json::Value, path: &Path) -> Result<(), ModelError> {
    // MLX writes `quantization`, all others `quantization_config`.
    let mlx = json.get("quantization").filter(|value| value.is_object());
    let other = json.get("quantization_config");
    let Some(how) = mlx.or(other.filter(|value| value.is_object())) else {
        return Ok(());
    };
    let method = how.get("quant_method").and_then(serde_json::Value::as_str);
    let method = method.unwrap_or(if mlx.is_some() { "mlx" } else { "unnamed" });
    let bits = how.get("bits").and_then(serde_json::Value::as_u64);
    let bits = bits.map_or_else(String::new, |bits| format!(", {bits} bits"));
    Err(ModelError::Unsupported {
        path: path.into(),
        found: format!("says that the weights are quantised (method '{method}'{bits})"),
        remedy: "Use the original model, whose safetensors are F32, F16 or BF16, or a GGUF of it, \
                 which may be quantised"
            .into(),
    })
}

/// Reads a tokenizer and turns a panic of the library into an error: the library does not check
/// that the ids and lengths in a file are consistent.
pub(crate) fn read_tokenizer(
    path: &Path,
    read: impl FnOnce() -> Result<Tokenizer, ModelError>,
) -> Result<Tokenizer, ModelError> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| {
        Err(ModelError::Tokenizer {
            path: path.into(),
            reason: "its tokenizer is inconsistent and cannot be read".into(),
        })
    })
}
