//! `textDocument/documentLink`: files that a document names, if they exist.

use std::ops::Range;
use std::path::PathBuf;

use tower_lsp_server::ls_types as lsp;

use crate::server::document_key::DocumentKey;
use crate::server::file_reader::FileReader;
use crate::server::text_view::TextView;
use hoplens_ide::{document_links, sidecar_link_range};
use hoplens_prompt::{Origin, PromptFormat};

/// A link whose target may not exist.
struct Candidate {
    range: Range<usize>,
    target: LinkTarget,
    tooltip: String,
}

/// The file that a link leads to.
enum LinkTarget {
    /// The file at a path.
    File(PathBuf),
    /// A partial, which may be in a folder above the prompt's.
    Partial(String),
}

/// Returns the links of a document; `None` if it is no file.
pub(in crate::server) async fn document_link(
    view: &TextView,
    files: &FileReader,
) -> Option<Vec<lsp::DocumentLink>> {
    let candidates = candidates(view)?;
    let targets = targets(view, &candidates, files).await;
    let exist = files.exist(targets.iter().flatten().cloned().collect());
    let mut exist = exist.await.into_iter();
    let (client, documents) = (&view.session.client, &view.session.documents);
    let links = candidates.into_iter().zip(targets);
    let links = links.filter_map(|(link, target)| {
        let target = target?;
        let exists = exist.next().unwrap_or_default();
        let is_open = || documents.contains_key(&DocumentKey::File(target.clone()));
        let is_there = exists || is_open();
        let uri = is_there.then(|| lsp::Uri::from_file_path(&target));
        Some(lsp::DocumentLink {
            range: view.document.range(&link.range, client.encoding),
            target: Some(uri.flatten()?),
            tooltip: client.link_tooltips.then_some(link.tooltip),
            data: None,
        })
    });
    Some(links.collect())
}

/// Returns the path of each link's file; `None` for a partial that no folder has.
async fn targets(
    view: &TextView,
    candidates: &[Candidate],
    files: &FileReader,
) -> Vec<Option<PathBuf>> {
    let partials = candidates.iter().filter_map(|link| match &link.target {
        LinkTarget::Partial(name) => Some(name.clone()),
        LinkTarget::File(_) => None,
    });
    let partials: Vec<String> = partials.collect();
    let mut found = match view.document.key().path() {
        Some(prompt) if !partials.is_empty() => {
            let documents = view.session.documents.clone();
            files.partials(prompt, partials, documents).await
        }
        _ => Vec::new(),
    }
    .into_iter();
    let targets = candidates.iter().map(|link| match &link.target {
        LinkTarget::File(path) => Some(path.clone()),
        LinkTarget::Partial(_) => found.next().flatten(),
    });
    targets.collect()
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
                target: LinkTarget::File(target.into()),
                tooltip: tooltip.to_owned(),
            });
        }
    }
    if let (Some(snapshot), Some(folder)) = (view.own_snapshot(), path.parent()) {
        let names_prompts = snapshot.file.format == PromptFormat::Promptfoo;
        found.extend(document_links(snapshot).into_iter().map(|link| Candidate {
            range: link.range,
            target: if names_prompts {
                LinkTarget::File(folder.join(&link.path))
            } else {
                LinkTarget::Partial(link.path.clone())
            },
            tooltip: link.path,
        }));
    }
    Some(found)
}
