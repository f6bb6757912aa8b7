//! `textDocument/documentLink`: files that a document names, if they exist.

use std::ops::Range;
use std::path::PathBuf;

use tower_lsp_server::ls_types as lsp;

use crate::server::document_key::DocumentKey;
use crate::server::file_reader::FileReader;
use crate::server::text_view::TextView;
use hoplens_ide::{document_links, sidecar_link_range};
use hoplens_prompt::Origin;

/// A link whose target may not exist.
struct Candidate {
    range: Range<usize>,
    target: PathBuf,
    tooltip: String,
}

/// Returns the links of a document; `None` if it is no file.
pub(in crate::server) async fn document_link(
    view: &TextView,
    files: &FileReader,
) -> Option<Vec<lsp::DocumentLink>> {
    let candidates = candidates(view)?;
    let targets = candidates.iter().map(|link| link.target.clone());
    let exist = files.exist(targets.collect()).await;
    let (client, documents) = (&view.session.client, &view.session.documents);
    let links = candidates.into_iter().zip(exist);
    let links = links.filter_map(|(link, exists)| {
        let is_open = || documents.contains_key(&DocumentKey::File(link.target.clone()));
        let is_there = exists || is_open();
        let target = is_there.then(|| lsp::Uri::from_file_path(&link.target));
        Some(lsp::DocumentLink {
            range: view.document.range(&link.range, client.encoding),
            target: Some(target.flatten()?),
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
                target: target.into(),
                tooltip: tooltip.to_owned(),
            });
        }
    }
    if let (Some(snapshot), Some(folder)) = (view.own_snapshot(), path.parent()) {
        found.extend(document_links(snapshot).into_iter().map(|link| Candidate {
            range: link.range,
            target: folder.join(&link.path),
            tooltip: link.path,
        }));
    }
    Some(found)
}
