//! `textDocument/completion`: keys and values of the declarations and of `hoplens.toml`.

use tower_lsp_server::jsonrpc::Result;
use tower_lsp_server::ls_types as lsp;

use crate::engine::ModelStatus;
use crate::server::can::Can;
use crate::server::documents::Document;
use crate::server::handlers::unmodified;
use crate::server::key::Key;
use crate::server::paper::Paper;
use crate::server::projects::is_project;
use crate::server::state::State;
use crate::server::{convert, ingress};
use hoplens_ide::{Completion, CompletionContext, CompletionKind};
use hoplens_prompt::Facts;
use hoplens_workspace::{Disk, facts};

/// What somebody types before a key or a value.
pub(super) const TRIGGERS: [&str; 6] = [" ", "\"", "'", "{", "[", ","];

pub(in crate::server) fn completion(
    state: &State,
    params: &lsp::CompletionParams,
) -> Result<Option<lsp::CompletionResponse>> {
    let Some(document) = ingress::document() else {
        return Ok(None);
    };
    unmodified(state, &document)?;
    let can = state.can();
    let position = params.text_document_position.position;
    let offset = convert::offset(&document, position, can.encoding);
    let key = Key::of(&document.uri);
    let found = if is_project(&key) {
        hoplens_ide::complete_project(&document.text, offset)
    } else {
        let Some(paper) = Paper::of(state, &document)? else {
            return Ok(None);
        };
        // Nothing is read for a place where nothing is offered, as every space of a prompt.
        let holds = |home: &hoplens_prompt::homes::Home| {
            home.window.start <= offset && offset <= home.window.end
        };
        if !paper.homes.iter().any(holds) {
            return Ok(None);
        }
        in_paper(state, &document, &paper, offset, &can)
    };
    let items = found.into_iter().enumerate();
    let items = items.map(|(place, one)| to_item(&document, place, one, &can));
    Ok(Some(lsp::CompletionResponse::Array(items.collect())))
}

fn in_paper(
    state: &State,
    document: &Document,
    paper: &Paper,
    offset: usize,
    can: &Can,
) -> Vec<Completion> {
    let key = Key::of(&document.uri);
    let facts = match key.path().map(|path| facts(&Disk, path)) {
        Some(Ok(facts)) => facts,
        Some(Err(error)) => {
            tracing::warn!(%error, "the facts are left out");
            Facts::default()
        }
        None => Facts::default(),
    };
    let model = match state.engine.status() {
        ModelStatus::Ready(model) => Some(model),
        _ => None,
    };
    let known = CompletionContext {
        snapshot: paper.snapshot(),
        facts: &facts,
        model: model.as_ref(),
        style: can.insert,
    };
    hoplens_ide::complete(&document.text, &paper.homes, offset, known)
}

fn to_item(document: &Document, place: usize, one: Completion, can: &Can) -> lsp::CompletionItem {
    let at = |offset| convert::position(&document.text, &document.index, offset, can.encoding);
    let range = lsp::Range {
        start: at(one.range.start),
        end: at(one.range.end),
    };
    let documentation = one.doc.map(|value| {
        if can.markdown_docs {
            lsp::Documentation::MarkupContent(lsp::MarkupContent {
                kind: lsp::MarkupKind::Markdown,
                value,
            })
        } else {
            lsp::Documentation::String(value)
        }
    });
    lsp::CompletionItem {
        label: one.label,
        kind: Some(match one.kind {
            CompletionKind::Key => lsp::CompletionItemKind::PROPERTY,
            CompletionKind::Word => lsp::CompletionItemKind::ENUM_MEMBER,
            CompletionKind::Value => lsp::CompletionItemKind::VALUE,
        }),
        detail: one.detail,
        documentation,
        // Editors would sort by the label.
        sort_text: Some(format!("{place:04}")),
        filter_text: Some(one.filter),
        insert_text_format: one.is_snippet.then_some(lsp::InsertTextFormat::SNIPPET),
        insert_text_mode: one
            .new_text
            .contains('\n')
            .then_some(lsp::InsertTextMode::AS_IS),
        text_edit: Some(lsp::CompletionTextEdit::Edit(lsp::TextEdit {
            range,
            new_text: one.new_text,
        })),
        ..lsp::CompletionItem::default()
    }
}
