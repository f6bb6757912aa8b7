//! `textDocument/codeLens`: commands for a case or a prompt, above it.

use serde_json::json;
use tower_lsp_server::ls_types as lsp;

use crate::server::commands::{INFLUENCE, MEASURE, SHOW_HEADS, SHOW_SWEEP};
use crate::server::session_handle::RequestedPrompt;
use hoplens_ide::CodeLensCommand;

/// Returns the lenses of a prompt or sidecar; `None` if the settings disable them.
pub(in crate::server) fn code_lens(requested: &RequestedPrompt) -> Option<Vec<lsp::CodeLens>> {
    if !requested.session.settings.code_lens.enabled {
        return None;
    }
    let (view, origin) = (&requested.view, requested.origin);
    let source = view.source(origin)?;
    if source.revision != Some(requested.document.revision) {
        return None;
    }
    let encoding = requested.session.client.encoding;
    let shown = hoplens_ide::code_lenses(&view.snapshot).into_iter();
    let shown = shown.filter(|lens| lens.origin == origin).map(|lens| {
        // A lens is shown above one line; the end of its range would move it.
        let start = source.position(lens.range.start, encoding);
        lsp::CodeLens {
            range: lsp::Range { start, end: start },
            command: Some(lsp::Command {
                title: lens.title,
                command: match lens.command {
                    CodeLensCommand::Measure => MEASURE,
                    CodeLensCommand::Heads => SHOW_HEADS,
                    CodeLensCommand::Sweep => SHOW_SWEEP,
                    CodeLensCommand::Influence => INFLUENCE,
                }
                .to_owned(),
                arguments: Some(vec![json!({"uri": view.prompt.uri, "case": lens.case})]),
            }),
            data: None,
        }
    });
    Some(shown.collect())
}
