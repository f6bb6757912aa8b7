//! `hoplens/documentText`: a document as the server sees it, for whoever looks for a client that
//! loses edits.

use serde::Deserialize;
use tower_lsp_server::ls_types as lsp;

use crate::server::ingress;

/// The parameters of `hoplens/documentText`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::server) struct DocumentTextParams {
    /// Read by the ingress, which knows the text at the time of the request.
    #[serde(rename = "textDocument")]
    _text_document: lsp::TextDocumentIdentifier,
}

/// The text at the time of the request; null if the document is not open.
pub(in crate::server) fn document_text() -> Option<String> {
    ingress::document().map(|document| document.text.clone())
}
