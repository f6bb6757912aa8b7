//! `textDocument/completion`: keys and values of the declarations and of `hoplens.toml`.

use tower_lsp_server::jsonrpc::Result;
use tower_lsp_server::ls_types as lsp;

use crate::engine::ModelStatus;
use crate::server::client_capabilities::ClientCapabilities;
use crate::server::document::Document;
use crate::server::document_key::DocumentKey;
use crate::server::session_handle::SessionHandle;
use crate::server::text_view::TextView;
use hoplens_ide::{Completion, CompletionContext, CompletionKind};

/// The characters that precede a key or a value.
pub(super) const TRIGGERS: [&str; 6] = [" ", "\"", "'", "{", "[", ","];

/// Returns what can be typed at a position of a prompt, a sidecar or a `hoplens.toml`.
pub(in crate::server) async fn completion(
    session: &SessionHandle,
    params: &lsp::CompletionParams,
) -> Result<Option<lsp::CompletionResponse>> {
    let arrived = session.on_arrival().await?;
    let at = &params.text_document_position;
    let key = DocumentKey::of(&at.text_document.uri);
    let Some(document) = arrived.document(&key) else {
        return Ok(None);
    };
    let client = &arrived.client;
    let offset = document.offset(at.position, client.encoding);
    let found = if key.is_project_file() {
        hoplens_ide::complete_project(&document.text, offset)
    } else {
        let Some(view) = session.text_view(document).await? else {
            return Ok(None);
        };
        let contains = |site: &hoplens_prompt::declaration_sites::DeclarationSite| {
            site.window.start <= offset && offset <= site.window.end
        };
        if !view.sites.iter().any(contains) {
            return Ok(None);
        }
        in_declarations(&view, offset)
    };
    let items = found.into_iter().enumerate();
    let items = items.map(|(rank, one)| to_item(document, rank, one, client));
    Ok(Some(lsp::CompletionResponse::Array(items.collect())))
}

fn in_declarations(view: &TextView, offset: usize) -> Vec<Completion> {
    let model = match &*view.session.model {
        ModelStatus::Ready(model) => Some(model),
        _ => None,
    };
    let known = CompletionContext {
        snapshot: view.snapshot(),
        facts: &view.facts(),
        model,
        style: view.session.client.insert,
    };
    hoplens_ide::complete(&view.document.text, &view.sites, offset, known)
}

fn to_item(
    document: &Document,
    rank: usize,
    one: Completion,
    client: &ClientCapabilities,
) -> lsp::CompletionItem {
    let range = document.range(&one.range, client.encoding);
    let documentation = one.doc.map(|value| {
        if client.markdown_docs {
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
        sort_text: Some(format!("{rank:04}")),
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
