//! `textDocument/codeAction`: what is measured already, with its gain in the title; nothing is
//! computed for the list.

pub(in crate::server) mod fix_all;
mod offered;
mod project;
pub(in crate::server) mod resolve;

use tower_lsp_server::ls_types as lsp;

use crate::server::file_reader::FileReader;
use crate::server::handlers::code_action::fix_all::FIX_ALL;
use crate::server::handlers::code_action::offered::{offered, to_action};
use crate::server::session_handle::RequestedPrompt;
use hoplens_ide::{INJECT, REWRITE};
use hoplens_prompt::Origin;

/// Returns the actions in a range of a prompt or sidecar.
pub(in crate::server) async fn code_action(
    requested: &RequestedPrompt,
    params: &lsp::CodeActionParams,
    files: &FileReader,
) -> lsp::CodeActionResponse {
    let (view, origin) = (&requested.view, requested.origin);
    let client = &requested.session.client;
    let range = requested.document.bytes(params.range, client.encoding);
    let only = params.context.only.as_deref();
    let is_wanted = |kind: &str| is_wanted(only, kind);
    let snapshot = &view.snapshot;
    let all = hoplens_ide::diagnostics(snapshot);
    let mut shown: lsp::CodeActionResponse = Vec::new();
    for action in offered(snapshot, &all, origin, &range) {
        if !is_wanted(action.kind) {
            continue;
        }
        let Some(mut one) = to_action(view, &action, &requested.session) else {
            continue;
        };
        if client.resolve_edits {
            one.edit = None;
            one.data = Some(resolve::data(view, origin, &range, &action.edit));
        }
        shown.push(lsp::CodeActionOrCommand::CodeAction(one));
    }
    let awaits_repairs = origin == Origin::FrontMatter
        && requested.prompt.is_measuring
        && hoplens_ide::awaits_repairs(snapshot, &all, &range);
    if client.disabled_actions && awaits_repairs {
        let kind = [INJECT, REWRITE].into_iter().find(|kind| is_wanted(kind));
        shown.extend(kind.map(measuring));
    }
    if is_wanted(hoplens_ide::IGNORE) {
        let codes = hoplens_ide::ignorable_codes(&all, origin, &range);
        shown.extend(project::ignores(requested, &codes, files).await);
    }
    // Only on explicit request, so that it is not offered at every word.
    let fixes_all = only.is_some_and(|only| only.iter().any(|kind| covers(kind, FIX_ALL)));
    if fixes_all && origin == Origin::FrontMatter {
        shown.extend(fix_all::action(view, client));
    }
    shown
}

fn is_wanted(only: Option<&[lsp::CodeActionKind]>, kind: &str) -> bool {
    only.is_none_or(|only| only.iter().any(|wanted| covers(wanted, kind)))
}

/// Returns the disabled action that is shown until repairs are measured.
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

/// Returns whether a kind is the same as or below another: `quickfix` covers `quickfix.hoplens` and
/// not `quickfixes`; the empty kind covers all.
fn covers(wanted: &lsp::CodeActionKind, kind: &str) -> bool {
    let wanted = wanted.as_str();
    wanted.is_empty()
        || kind
            .strip_prefix(wanted)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_action_kinds_form_a_tree() {
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
