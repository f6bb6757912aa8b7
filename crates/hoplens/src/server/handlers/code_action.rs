//! `textDocument/codeAction`: what was measured already, with its gain in the title; nothing is
//! computed for the list.

mod fix_all;
mod project;
mod resolve;

use std::ops::Range;

use tower_lsp_server::jsonrpc::Result;
use tower_lsp_server::ls_types as lsp;

use crate::server::can::Can;
use crate::server::handlers::unmodified;
use crate::server::key::Key;
use crate::server::state::State;
use crate::server::view::{View, prompt_key};
use crate::server::{convert, ingress};
use hoplens_ide::{CodeAction, Diagnostic, INJECT, REWRITE, Snapshot};
use hoplens_prompt::Origin;

pub(in crate::server) use fix_all::FIX_ALL;
pub(in crate::server) use resolve::code_action_resolve;

pub(in crate::server) fn code_action(
    state: &State,
    params: &lsp::CodeActionParams,
) -> Result<Option<lsp::CodeActionResponse>> {
    let Some(document) = ingress::document() else {
        return Ok(None);
    };
    unmodified(state, &document)?;
    let own = Key::of(&document.uri);
    let (key, origin) = match prompt_key(&own) {
        Some(prompt) => (prompt, Origin::Sidecar),
        None => (own, Origin::FrontMatter),
    };
    let Some(known) = state.prompts.known(&key) else {
        return Ok(None);
    };
    let can = state.can();
    let range = convert::bytes(&document, params.range, can.encoding);
    let only = params.context.only.as_deref();
    let wanted = |kind: &str| is_wanted(only, kind);
    let snapshot = &known.view.snapshot;
    let all = hoplens_ide::diagnostics(snapshot);
    let mut shown: lsp::CodeActionResponse = Vec::new();
    for action in offered(snapshot, &all, origin, &range) {
        if !wanted(action.kind) {
            continue;
        }
        let Some(mut one) = to_action(&known.view, &action, &can) else {
            continue;
        };
        if can.resolve_edits {
            one.edit = None;
            one.data = Some(resolve::data(&known.view, origin, &range));
        }
        shown.push(lsp::CodeActionOrCommand::CodeAction(one));
    }
    let is_awaited = origin == Origin::FrontMatter
        && known.is_measuring
        && hoplens_ide::awaits_repairs(snapshot, &all, &range);
    if can.disabled_actions && is_awaited {
        let kind = [INJECT, REWRITE].into_iter().find(|kind| wanted(kind));
        shown.extend(kind.map(measuring));
    }
    if wanted(hoplens_ide::IGNORE) {
        shown.extend(project::ignores(
            state,
            &key,
            &hoplens_ide::ignorable_codes(&all, origin, &range),
        ));
    }
    // Only for whoever asks for such, lest it is offered at every word.
    let asks_for_all = only.is_some_and(|only| only.iter().any(|kind| covers(kind, FIX_ALL)));
    if asks_for_all && origin == Origin::FrontMatter {
        shown.extend(fix_all::action(&known.view, &can));
    }
    Ok(Some(shown))
}

/// All that can be done at bytes `range` of one of the two files, repairs first.
fn offered(
    snapshot: &Snapshot,
    all: &[Diagnostic],
    origin: Origin,
    range: &Range<usize>,
) -> Vec<CodeAction> {
    let mut offered = match origin {
        Origin::FrontMatter => hoplens_ide::repair_actions(snapshot, all, range),
        Origin::Sidecar => Vec::new(),
    };
    offered.extend(hoplens_ide::quick_actions(snapshot, all, origin, range));
    offered
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
fn to_action(view: &View, action: &CodeAction, can: &Can) -> Option<lsp::CodeAction> {
    let fixed = action.fixes.iter();
    let fixed = fixed.filter_map(|one| convert::to_diagnostic(view, one, can));
    Some(lsp::CodeAction {
        title: action.title.clone(),
        kind: Some(lsp::CodeActionKind::from(action.kind)),
        diagnostics: Some(fixed.collect()),
        edit: Some(convert::to_workspace_edit(view, &action.edit, can)?),
        is_preferred: action.preferred.then_some(true),
        ..lsp::CodeAction::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_a_tree() {
        let covers =
            |wanted: &'static str| covers(&lsp::CodeActionKind::from(wanted), hoplens_ide::INJECT);
        assert!(covers("quickfix"));
        assert!(covers("quickfix.hoplens.inject"));
        assert!(covers(""));
        assert!(!covers("quick"));
        assert!(!covers("quickfix.hoplens.rewrite"));
        assert!(!covers("refactor"));
    }
}
