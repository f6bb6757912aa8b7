//! `textDocument/documentLink`: files that a document names, if they exist.

use std::ops::Range;

use tower_lsp_server::ls_types as lsp;

use crate::server::document_key::DocumentKey;
use crate::server::file_reader::{FileReader, NamedFile};
use crate::server::text_view::TextView;
use hoplens_ide::{document_links, sidecar_link_range};
use hoplens_prompt::{Origin, PromptFormat};

/// A link whose target may not exist.
struct Candidate {
    range: Range<usize>,
    target: NamedFile,
    tooltip: String,
}

/// Returns the links of a document; `None` if it is no file.
pub(in crate::server) async fn document_link(
    view: &TextView,
    files: &FileReader,
) -> Option<Vec<lsp::DocumentLink>> {
    let candidates = candidates(view)?;
    let key = view.document.key();
    let prompt = key.path()?;
    let names = candidates.iter().map(|link| link.target.clone()).collect();
    let documents = view.session.documents.clone();
    let paths = files.named_files(prompt, names, documents).await;
    let client = &view.session.client;
    let links = candidates.into_iter().zip(paths);
    let links = links.filter_map(|(link, path)| {
        Some(lsp::DocumentLink {
            range: view.document.range(&link.range, client.encoding),
            target: Some(lsp::Uri::from_file_path(path?)?),
            tooltip: client.link_tooltips.then_some(link.tooltip),
            data: None,
        })
    });
    Some(links.collect())
}

fn candidates(view: &TextView) -> Option<Vec<Candidate>> {
    let key = view.document.key();
    let path = key.path()?;
    let mut found = Vec::new();
    let file = view.own_snapshot().map(|snapshot| &snapshot.file);
    if let Some(range) = sidecar_link_range(&view.document.text, file) {
        let (other, tooltip) = match view.origin {
            Origin::Sidecar => (key.prompt_of_sidecar(), "the prompt"),
            Origin::FrontMatter => (key.sidecar(), "the sidecar"),
        };
        if let Some(target) = other.as_ref().and_then(DocumentKey::path) {
            found.push(Candidate {
                range,
                target: NamedFile::Path(target.into()),
                tooltip: tooltip.to_owned(),
            });
        }
    }
    if let (Some(snapshot), Some(folder)) = (view.own_snapshot(), path.parent()) {
        let names_prompts = snapshot.file.format == PromptFormat::Promptfoo;
        found.extend(document_links(snapshot).into_iter().map(|link| Candidate {
            range: link.range,
            target: if names_prompts {
                NamedFile::Path(folder.join(&link.path))
            } else {
                NamedFile::Partial(link.path.clone())
            },
            tooltip: link.path,
        }));
    }
    Some(found)
}
