//! `textDocument/codeAction`: repairs that were measured already, with their gain in the title.

use tower_lsp_server::jsonrpc::Result;
use tower_lsp_server::ls_types as lsp;

use super::super::can::Can;
use super::super::key::Key;
use super::super::state::State;
use super::super::view::View;
use super::super::{convert, ingress};
use super::unmodified;
use crate::ide::{self, Action};

pub(in crate::server) fn code_action(
    state: &State,
    params: &lsp::CodeActionParams,
) -> Result<Option<lsp::CodeActionResponse>> {
    let Some(document) = ingress::document() else {
        return Ok(None);
    };
    unmodified(state, &document)?;
    let Some(known) = state.prompts.known(&Key::of(&document.uri)) else {
        return Ok(None);
    };
    let can = state.can();
    let range = convert::bytes(&document, params.range, can.encoding);
    let only = params.context.only.as_deref();
    let actions = ide::actions(&known.view.snapshot, range);
    let shown = actions
        .iter()
        .filter(|action| only.is_none_or(|only| only.iter().any(|kind| covers(kind, action.kind))))
        .filter_map(|action| to_action(&known.view, action, &can));
    Ok(Some(shown.collect()))
}

/// `quickfix` covers `quickfix.hoplens` and not `quickfixes`; the empty kind covers all.
fn covers(wanted: &lsp::CodeActionKind, kind: &str) -> bool {
    let wanted = wanted.as_str();
    wanted.is_empty()
        || kind
            .strip_prefix(wanted)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// `None` if the file to edit is not what the action was made for.
fn to_action(view: &View, action: &Action, can: &Can) -> Option<lsp::CodeActionOrCommand> {
    let found = ide::diagnostics(&view.snapshot);
    let repaired = found
        .iter()
        .filter(|one| one.case == Some(action.case))
        .filter_map(|one| convert::to_diagnostic(view, one, can));
    Some(lsp::CodeActionOrCommand::CodeAction(lsp::CodeAction {
        title: action.title.clone(),
        kind: Some(lsp::CodeActionKind::from(action.kind)),
        diagnostics: Some(repaired.collect()),
        edit: Some(convert::to_workspace_edit(view, &action.edit, can)?),
        is_preferred: action.preferred.then_some(true),
        ..lsp::CodeAction::default()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_a_tree() {
        let covers = |wanted: &'static str| covers(&lsp::CodeActionKind::from(wanted), ide::INJECT);
        assert!(covers("quickfix"));
        assert!(covers("quickfix.hoplens.inject"));
        assert!(covers(""));
        assert!(!covers("quick"));
        assert!(!covers("quickfix.hoplens.rewrite"));
        assert!(!covers("refactor"));
    }
}
