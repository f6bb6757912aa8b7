//! `textDocument/inlayHint`: the probability at the end of each prompt and, if enabled, the
//! surprisal of each token.

use tower_lsp_server::ls_types as lsp;

use crate::server::session_handle::RequestedPrompt;
use hoplens_prompt::Origin;

/// Returns the hints in a range of a prompt; sidecars have none.
pub(in crate::server) fn inlay_hint(
    requested: &RequestedPrompt,
    range: lsp::Range,
) -> Option<Vec<lsp::InlayHint>> {
    if requested.origin == Origin::Sidecar {
        return None;
    }
    let encoding = requested.session.client.encoding;
    let range = requested.document.bytes(range, encoding);
    let snapshot = &requested.view.snapshot;
    let mut hints = match &snapshot.findings {
        Some(_) => hoplens_ide::inlay_hints(snapshot),
        None => requested.prompt.stale.inlay_hints.clone(),
    };
    if requested.session.settings.hints.surprisal {
        hints.extend(hoplens_ide::surprisal_hints(snapshot));
    }
    let hints = hints
        .into_iter()
        .filter(|hint| range.start <= hint.offset && hint.offset <= range.end);
    let hints = hints.map(|hint| lsp::InlayHint {
        position: requested.view.prompt.position(hint.offset, encoding),
        label: lsp::InlayHintLabel::String(hint.label),
        kind: None,
        text_edits: None,
        tooltip: None,
        padding_left: Some(true),
        padding_right: None,
        data: None,
    });
    Some(hints.collect())
}
