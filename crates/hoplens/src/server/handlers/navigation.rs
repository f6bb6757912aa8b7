//! `textDocument/definition`, `references` and `documentHighlight` of the names of a template.

use std::path::PathBuf;
use std::sync::Arc;

use tower_lsp_server::jsonrpc::Result;
use tower_lsp_server::ls_types as lsp;

use crate::server::document_key::DocumentKey;
use crate::server::file_reader::NamedFile;
use crate::server::positions;
use crate::server::prompt_view::PromptView;
use crate::server::session_handle::SessionHandle;
use crate::server::text_view::TextView;
use hoplens_ide::{DefinitionTarget, definitions};
use hoplens_prompt::text::LineIndex;
use hoplens_workspace::whole_path;

/// A position in a prompt or sidecar.
struct Asked {
    view: TextView,
    offset: usize,
}

impl Asked {
    /// Returns the prompt's files; `None` for a sidecar without a prompt.
    fn prompt(&self) -> Option<&PromptView> {
        self.view.prompt_view().map(Arc::as_ref)
    }

    fn range(&self, bytes: &std::ops::Range<usize>) -> lsp::Range {
        self.view
            .document
            .range(bytes, self.view.session.client.encoding)
    }
}

async fn asked(
    session: &SessionHandle,
    at: &lsp::TextDocumentPositionParams,
) -> Result<Option<Asked>> {
    let view = session.text_of_request(&at.text_document.uri).await?;
    Ok(view.map(|view| {
        let offset = view
            .document
            .offset(at.position, view.session.client.encoding);
        Asked { view, offset }
    }))
}

/// Returns where the name or file at a position is declared.
pub(in crate::server) async fn definition(
    session: &SessionHandle,
    at: &lsp::TextDocumentPositionParams,
) -> Result<Option<lsp::GotoDefinitionResponse>> {
    let Some(asked) = asked(session, at).await? else {
        return Ok(None);
    };
    let Some(view) = asked.prompt() else {
        return Ok(None);
    };
    let found = definitions(&view.snapshot, asked.view.origin, asked.offset);
    let Some((range, targets)) = found else {
        return Ok(None);
    };
    let mut locations = Vec::new();
    for target in targets {
        locations.extend(location(session, &asked, view, target).await);
    }
    if locations.is_empty() {
        return Ok(None);
    }
    Ok(Some(if asked.view.session.client.definition_links {
        let origin = asked.range(&range);
        let links = locations.into_iter().map(|location| lsp::LocationLink {
            origin_selection_range: Some(origin),
            target_uri: location.uri,
            target_range: location.range,
            target_selection_range: location.range,
        });
        lsp::GotoDefinitionResponse::Link(links.collect())
    } else {
        lsp::GotoDefinitionResponse::Array(locations)
    }))
}

async fn location(
    session: &SessionHandle,
    asked: &Asked,
    view: &PromptView,
    target: DefinitionTarget,
) -> Option<lsp::Location> {
    let encoding = asked.view.session.client.encoding;
    let (key, _) = asked.view.document.key().prompt_and_origin();
    let name = match target {
        DefinitionTarget::Own(origin, range) => {
            let source = view.source(origin)?;
            return Some(lsp::Location {
                uri: source.uri.clone(),
                range: source.range(&range, encoding),
            });
        }
        DefinitionTarget::Configuration(range) => {
            let config = view.snapshot.file.promptfoo.as_ref()?;
            let path = whole_path(&key.path()?.parent()?.join(&config.config));
            let index = LineIndex::new(&config.text);
            return Some(lsp::Location {
                uri: uri_of(asked, path)?,
                range: positions::range(&config.text, &index, &range, encoding),
            });
        }
        DefinitionTarget::Partial(file) => NamedFile::Partial(file),
        DefinitionTarget::Reference(file) => NamedFile::Reference(file),
    };
    let documents = Arc::clone(&asked.view.session.documents);
    let files = &session.files;
    let mut paths = files.named_files(key.path()?, vec![name], documents).await;
    let path = paths.pop()??;
    Some(lsp::Location {
        uri: uri_of(asked, path)?,
        range: lsp::Range::default(),
    })
}

/// Returns the URI of a file as the client spells it, if the file is open.
fn uri_of(asked: &Asked, path: PathBuf) -> Option<lsp::Uri> {
    let key = DocumentKey::File(path);
    match asked.view.session.documents.get(&key) {
        Some(document) => Some(document.uri.clone()),
        None => lsp::Uri::from_file_path(key.path()?),
    }
}

/// Returns the places of the name at a position, in the prompt and its sidecar.
pub(in crate::server) async fn references(
    session: &SessionHandle,
    params: &lsp::ReferenceParams,
) -> Result<Option<Vec<lsp::Location>>> {
    let Some(asked) = asked(session, &params.text_document_position).await? else {
        return Ok(None);
    };
    let Some(view) = asked.prompt() else {
        return Ok(None);
    };
    let encoding = asked.view.session.client.encoding;
    let places = hoplens_ide::references(&view.snapshot, asked.view.origin, asked.offset);
    let with_declarations = params.context.include_declaration;
    let places = places
        .into_iter()
        .filter(|place| with_declarations || !place.is_declaration);
    let locations = places.filter_map(|place| {
        let source = view.source(place.origin)?;
        Some(lsp::Location {
            uri: source.uri.clone(),
            range: source.range(&place.range, encoding),
        })
    });
    let locations: Vec<lsp::Location> = locations.collect();
    Ok((!locations.is_empty()).then_some(locations))
}

/// Returns the places in the document of the name at a position.
pub(in crate::server) async fn document_highlight(
    session: &SessionHandle,
    at: &lsp::TextDocumentPositionParams,
) -> Result<Option<Vec<lsp::DocumentHighlight>>> {
    let Some(asked) = asked(session, at).await? else {
        return Ok(None);
    };
    let Some(view) = asked.prompt() else {
        return Ok(None);
    };
    let origin = asked.view.origin;
    let places = hoplens_ide::references(&view.snapshot, origin, asked.offset);
    let own = places.into_iter().filter(|place| place.origin == origin);
    let highlights = own.map(|place| lsp::DocumentHighlight {
        range: asked.range(&place.range),
        kind: Some(if place.is_declaration {
            lsp::DocumentHighlightKind::WRITE
        } else {
            lsp::DocumentHighlightKind::READ
        }),
    });
    let highlights: Vec<lsp::DocumentHighlight> = highlights.collect();
    Ok((!highlights.is_empty()).then_some(highlights))
}
