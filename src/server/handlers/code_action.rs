//! `textDocument/codeAction`: repairs that were measured already, with their gain in the title.

use tower_lsp_server::jsonrpc::Result;
use tower_lsp_server::ls_types as lsp;

use super::super::can::Can;
use super::super::key::Key;
use super::super::state::State;
use super::super::view::View;
use super::super::{convert, ingress};
use super::unmodified;
use crate::ide::{self, Action, INJECT, REWRITE};

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
    let snapshot = &known.view.snapshot;
    let actions = ide::actions(snapshot, range.clone());
    let shown = actions
        .iter()
        .filter(|action| is_wanted(only, action.kind))
        .filter_map(|action| to_action(&known.view, action, &can));
    let mut shown: lsp::CodeActionResponse = shown.collect();
    if can.disabled_actions && known.is_measuring && ide::awaits_repairs(snapshot, range) {
        let kinds = [INJECT, REWRITE];
        let kind = kinds.into_iter().find(|kind| is_wanted(only, kind));
        shown.extend(kind.map(measuring));
    }
    Ok(Some(shown))
}

fn is_wanted(only: Option<&[lsp::CodeActionKind]>, kind: &str) -> bool {
    only.is_none_or(|only| only.iter().any(|wanted| covers(wanted, kind)))
}

/// What stands where repairs will be.
fn measuring(kind: &'static str) -> lsp::CodeActionOrCommand {
    let reason = "Each repair is measured before it is offered; ask again in a moment.";
    lsp::CodeActionOrCommand::CodeAction(lsp::CodeAction {
        title: "Repairs are being measured…".to_owned(),
        kind: Some(lsp::CodeActionKind::from(kind)),
        disabled: Some(lsp::CodeActionDisabled {
            reason: reason.to_owned(),
        }),
        ..lsp::CodeAction::default()
    })
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
    let mended = action.mends.iter();
    let mended = mended.filter_map(|one| convert::to_diagnostic(view, one, can));
    Some(lsp::CodeActionOrCommand::CodeAction(lsp::CodeAction {
        title: action.title.clone(),
        kind: Some(lsp::CodeActionKind::from(action.kind)),
        diagnostics: Some(mended.collect()),
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
