//! The extension protocol: every custom method, notification, command argument and result.

use serde::{Deserialize, Serialize};
use tower_lsp_server::ls_types as lsp;

/// The parameters of `experimental/serverStatus`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct ServerStatusParams {
    /// `ok`, `warning` or `error`.
    pub health: String,
    /// Whether nothing is being downloaded or loaded.
    pub quiescent: bool,
    /// The state in words.
    pub message: String,
}

/// The parameters of `hoplens/didAnalyze`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct DidAnalyzeParams {
    /// The prompt.
    pub uri: lsp::Uri,
    /// The version of the analyzed text; null if the prompt is not open.
    pub version: Option<i32>,
}

/// The parameters of `hoplens/documentText`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DocumentTextParams {
    /// The document.
    pub text_document: lsp::TextDocumentIdentifier,
}
