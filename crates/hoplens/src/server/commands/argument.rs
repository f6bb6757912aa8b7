//! The arguments of commands.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tower_lsp_server::jsonrpc::{Error, Result};
use tower_lsp_server::ls_types as lsp;

/// The case of a prompt that a command is about.
#[derive(Debug, Clone, Deserialize)]
pub(in crate::server) struct CaseLocation {
    /// The prompt.
    pub uri: lsp::Uri,
    /// A position in the prompt's text.
    pub position: Option<lsp::Position>,
    /// The case's id, or `#1`, `#2`, …; if absent, the case at `position`, or the first.
    pub case: Option<String>,
}

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
