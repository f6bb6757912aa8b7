//! `source.fixAll.hoplens`: the best repair of every case that fails.

use tower_lsp_server::ls_types as lsp;

use crate::server::client_capabilities::ClientCapabilities;
use crate::server::convert;
use crate::server::prompt_view::PromptView;
use hoplens_ide::fix_all;

/// The kind of the action.
pub(in crate::server) const FIX_ALL: &str = "source.fixAll.hoplens";

/// Returns the action; `None` if nothing is to be repaired, or not everything in one file.
pub(super) fn action(
    view: &PromptView,
    client: &ClientCapabilities,
) -> Option<lsp::CodeActionOrCommand> {
    let (edit, count) = fix_all(&view.snapshot)?;
    let cases = if count == 1 { "case" } else { "cases" };
    Some(lsp::CodeActionOrCommand::CodeAction(lsp::CodeAction {
        title: format!("Apply the best repair of {count} failing {cases}"),
        kind: Some(lsp::CodeActionKind::from(FIX_ALL)),
        edit: Some(convert::to_workspace_edit(view, &edit, client)?),
        ..lsp::CodeAction::default()
    }))
}
