//! `textDocument/codeLens`: what can be shown of a case or a prompt, above it.

use serde_json::json;
use tower_lsp_server::jsonrpc::Result;
use tower_lsp_server::ls_types as lsp;

use crate::server::commands::{MEASURE, SHOW_HEADS, SHOW_SWEEP};
use crate::server::handlers::unmodified;
use crate::server::key::Key;
use crate::server::state::State;
use crate::server::view::prompt_key;
use crate::server::{convert, ingress};
use hoplens_ide::CodeLensCommand;
use hoplens_prompt::Origin;

pub(in crate::server) fn code_lens(state: &State) -> Result<Option<Vec<lsp::CodeLens>>> {
    let Some(document) = ingress::document() else {
        return Ok(None);
    };
    unmodified(state, &document)?;
    if !state.settings().code_lens.enabled {
        return Ok(None);
    }
    let own = Key::of(&document.uri);
    let (key, origin) = match prompt_key(&own) {
        Some(prompt) => (prompt, Origin::Sidecar),
        None => (own, Origin::FrontMatter),
    };
    let Some(known) = state.prompts.known(&key) else {
        return Ok(None);
    };
    let view = &known.view;
    let Some(source) = view.source(origin) else {
        return Ok(None);
    };
    if source.revision != Some(document.revision) {
        return Ok(None);
    }
    let encoding = state.can().encoding;
    let shown = hoplens_ide::code_lenses(&view.snapshot).into_iter();
    let shown = shown.filter(|lens| lens.origin == origin).map(|lens| {
        // A lens stands above one line; the end of its range would only move it about.
        let start = convert::to_position(source, lens.range.start, encoding);
        lsp::CodeLens {
            range: lsp::Range { start, end: start },
            command: Some(lsp::Command {
                title: lens.title,
                command: match lens.command {
                    CodeLensCommand::Measure => MEASURE,
                    CodeLensCommand::Heads => SHOW_HEADS,
                    CodeLensCommand::Sweep => SHOW_SWEEP,
                }
                .to_owned(),
                arguments: Some(vec![json!({"uri": view.prompt.uri, "case": lens.case})]),
            }),
            data: None,
        }
    });
    Ok(Some(shown.collect()))
}
