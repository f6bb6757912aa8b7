//! The arguments and results of commands.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tower_lsp_server::jsonrpc::{Error, Result};

/// Reads a command's argument; a bare URI is a map with nothing else.
///
/// # Errors
/// The argument has another shape.
pub(in crate::server) fn read<T: DeserializeOwned>(argument: Value) -> Result<T> {
    let argument = match argument {
        Value::String(uri) => serde_json::json!({ "uri": uri }),
        other => other,
    };
    T::deserialize(&argument).map_err(|error| {
        Error::invalid_params(format!(
            "the argument cannot be read ({error}); docs/language-server.md lists what each \
             command takes"
        ))
    })
}

/// Converts a command's result.
///
/// # Errors
/// The result cannot be JSON.
pub(in crate::server) fn write(result: impl Serialize) -> Result<Value> {
    serde_json::to_value(result).map_err(|_| Error::internal_error())
}
