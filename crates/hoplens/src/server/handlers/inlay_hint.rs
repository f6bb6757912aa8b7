//! `textDocument/inlayHint`: the probability at the end of each prompt, and what surprises the
//! model where that is wanted.

use tower_lsp_server::jsonrpc::Result;
use tower_lsp_server::ls_types as lsp;

use crate::server::handlers::unmodified;
use crate::server::key::Key;
use crate::server::state::State;
use crate::server::{convert, ingress};

pub(in crate::server) fn inlay_hint(
    state: &State,
    params: &lsp::InlayHintParams,
) -> Result<Option<Vec<lsp::InlayHint>>> {
    let Some(document) = ingress::document() else {
        return Ok(None);
    };
    unmodified(state, &document)?;
    let Some(known) = state.prompts.known(&Key::of(&document.uri)) else {
        return Ok(None);
    };
    let encoding = state.can().encoding;
    let wanted = convert::bytes(&document, params.range, encoding);
    let snapshot = &known.view.snapshot;
    let mut hints = match &snapshot.findings {
        Some(_) => hoplens_ide::inlay_hints(snapshot),
        None => known.carried.inlay_hints.clone(),
    };
    if state.settings().hints.surprisal {
        hints.extend(hoplens_ide::surprisal_hints(snapshot));
    }
    let shown = hints
        .into_iter()
        .filter(|hint| wanted.start <= hint.offset && hint.offset <= wanted.end);
    let shown = shown.map(|hint| lsp::InlayHint {
        position: convert::to_position(&known.view.prompt, hint.offset, encoding),
        label: lsp::InlayHintLabel::String(hint.label),
        kind: None,
        text_edits: None,
        tooltip: None,
        padding_left: Some(true),
        padding_right: None,
        data: None,
    });
    Ok(Some(shown.collect()))
}
