//! The actions that a range of a file offers.

use std::ops::Range;

use tower_lsp_server::ls_types as lsp;

use crate::server::convert;
use crate::server::prompt_view::PromptView;
use crate::server::snapshot::SessionSnapshot;
use hoplens_ide::{CodeAction, Diagnostic, IGNORE, Snapshot};
use hoplens_prompt::Origin;

/// Returns the actions at bytes `range` of one of the two files, repairs first.
pub(super) fn offered(
    snapshot: &Snapshot,
    all: &[Diagnostic],
    origin: Origin,
    range: &Range<usize>,
) -> Vec<CodeAction> {
    let mut offered = match origin {
        Origin::FrontMatter => hoplens_ide::repair_actions(snapshot, all, range),
        Origin::Sidecar => Vec::new(),
    };
    let (ignored, mut quick): (Vec<_>, Vec<_>) =
        hoplens_ide::quick_actions(snapshot, all, origin, range)
            .into_iter()
            .partition(|action| action.kind == IGNORE);
    offered.append(&mut quick);
    offered.extend(hoplens_ide::hop_actions(snapshot, all, origin, range));
    offered.extend(hoplens_ide::input_actions(snapshot, all, origin, range));
    offered.extend(ignored);
    offered
}

/// Converts an action; `None` if the file to edit is not the one that the action was made for.
pub(super) fn to_action(
    view: &PromptView,
    action: &CodeAction,
    session: &SessionSnapshot,
) -> Option<lsp::CodeAction> {
    let fixed = action.fixes.iter();
    let fixed = fixed.filter_map(|one| convert::to_diagnostic(view, one, session));
    Some(lsp::CodeAction {
        title: action.title.clone(),
        kind: Some(lsp::CodeActionKind::from(action.kind)),
        diagnostics: Some(fixed.collect()),
        edit: Some(convert::to_workspace_edit(
            view,
            &action.edit,
            &session.client,
        )?),
        is_preferred: action.preferred.then_some(true),
        ..lsp::CodeAction::default()
    })
}
