//! `source.fixAll.hoplens`: the best repair of every case that fails.

use tower_lsp_server::ls_types as lsp;

use crate::server::can::Can;
use crate::server::convert;
use crate::server::view::View;
use hoplens_ide::fix_all;

/// Its kind.
pub(in crate::server) const FIX_ALL: &str = "source.fixAll.hoplens";

/// `None` where nothing is to be mended, or not all of it in one file.
pub(super) fn action(view: &View, can: &Can) -> Option<lsp::CodeActionOrCommand> {
    let (edit, count) = fix_all(&view.snapshot)?;
    let cases = if count == 1 { "case" } else { "cases" };
    Some(lsp::CodeActionOrCommand::CodeAction(lsp::CodeAction {
        title: format!("Apply the best repair of {count} failing {cases}"),
        kind: Some(lsp::CodeActionKind::from(FIX_ALL)),
        edit: Some(convert::to_workspace_edit(view, &edit, can)?),
        ..lsp::CodeAction::default()
    }))
}
