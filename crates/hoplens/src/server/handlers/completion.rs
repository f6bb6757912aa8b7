//! `textDocument/completion`: names in templates, keys and values of the declarations and of
//! `hoplens.toml`.

use std::sync::Arc;

use tower_lsp_server::jsonrpc::Result;
use tower_lsp_server::ls_types as lsp;

use crate::engine::ModelStatus;
use crate::server::client_capabilities::ClientCapabilities;
use crate::server::document::Document;
use crate::server::document_key::DocumentKey;
use crate::server::session_handle::SessionHandle;
use crate::server::text_view::TextView;
use hoplens_ide::{
    Completion, CompletionContext, CompletionKind, complete_placeholder, complete_template,
    expects_partial,
};
use hoplens_prompt::declaration_sites::DeclarationSite;

/// The characters that precede a key, a value or a name in a template.
pub(super) const TRIGGERS: [&str; 13] = [
    " ", "\"", "'", "{", "[", ",", "%", "#", "/", ">", "|", ":", "@",
];

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
        match in_prompt(session, &view, offset).await {
            Some(found) => found,
            None => return Ok(None),
        }
    };
    let items = found.into_iter().enumerate();
    let items = items.map(|(rank, one)| to_item(document, rank, one, client));
    Ok(Some(lsp::CompletionResponse::Array(items.collect())))
}

/// Returns the completions in a prompt or sidecar; `None` outside of tags and declarations.
async fn in_prompt(
    session: &SessionHandle,
    view: &TextView,
    offset: usize,
) -> Option<Vec<Completion>> {
    if let Some(snapshot) = view.own_snapshot() {
        let key = view.document.key();
        let partials = match key.path().filter(|_| expects_partial(snapshot, offset)) {
            Some(path) => {
                let documents = Arc::clone(&view.session.documents);
                session.files.partial_names(path, documents).await
            }
            None => Vec::new(),
        };
        if let Some(found) = complete_template(snapshot, offset, &partials) {
            return Some(found);
        }
    }
    let sites = view.all_sites();
    let contains =
        |site: &DeclarationSite| site.window.start <= offset && offset <= site.window.end;
    if !sites.iter().any(contains) {
        return None;
    }
    let text = &view.document.text;
    let placeholder = view
        .snapshot()
        .and_then(|snapshot| complete_placeholder(snapshot, text, &sites, view.origin, offset));
    Some(placeholder.unwrap_or_else(|| in_declarations(view, &sites, offset)))
}

fn in_declarations(view: &TextView, sites: &[DeclarationSite], offset: usize) -> Vec<Completion> {
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
    hoplens_ide::complete(&view.document.text, sites, offset, known)
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
            CompletionKind::Variable => lsp::CompletionItemKind::VARIABLE,
            CompletionKind::Function => lsp::CompletionItemKind::FUNCTION,
            CompletionKind::Partial => lsp::CompletionItemKind::FILE,
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
