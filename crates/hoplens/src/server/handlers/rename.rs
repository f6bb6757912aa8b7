//! `textDocument/prepareRename` and `textDocument/rename` of the variables of a template.

use tower_lsp_server::jsonrpc::{Error, Result};
use tower_lsp_server::ls_types as lsp;

use crate::server::convert::to_joint_edit;
use crate::server::requests::failed;
use crate::server::session_handle::SessionHandle;

/// Returns the name at a position, if it can be changed.
///
/// # Errors
/// `RequestFailed`: the name cannot be changed, with the reason.
pub(in crate::server) async fn prepare_rename(
    session: &SessionHandle,
    at: &lsp::TextDocumentPositionParams,
) -> Result<Option<lsp::PrepareRenameResponse>> {
    let Some(prompt) = session.prompt_of_request(&at.text_document.uri).await? else {
        return Ok(None);
    };
    let encoding = prompt.session.client.encoding;
    let offset = prompt.document.offset(at.position, encoding);
    let found = hoplens_ide::prepare_rename(&prompt.view.snapshot, prompt.origin, offset);
    let found = found.map_err(|refusal| failed(refusal.0))?;
    Ok(found.map(|(range, placeholder)| {
        let range = prompt.document.range(&range, encoding);
        lsp::PrepareRenameResponse::RangeWithPlaceholder { range, placeholder }
    }))
}

/// Returns the edits that give the name at a position another one.
///
/// # Errors
/// `RequestFailed`: the name is not changed, with the reason. `ContentModified`: one of the files is
/// not the one that was read.
pub(in crate::server) async fn rename(
    session: &SessionHandle,
    params: &lsp::RenameParams,
) -> Result<Option<lsp::WorkspaceEdit>> {
    let at = &params.text_document_position;
    let Some(prompt) = session.prompt_of_request(&at.text_document.uri).await? else {
        return Ok(None);
    };
    let client = &prompt.session.client;
    let offset = prompt.document.offset(at.position, client.encoding);
    let snapshot = &prompt.view.snapshot;
    let edits = hoplens_ide::rename(snapshot, prompt.origin, offset, params.new_name.trim());
    let edits = edits.map_err(|refusal| failed(refusal.0))?;
    let edit = to_joint_edit(&prompt.view, &edits, client);
    edit.map(Some).ok_or_else(Error::content_modified)
}
