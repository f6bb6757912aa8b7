//! `textDocument/documentLink`: files that a document names, where they are there.

use std::ops::Range;
use std::path::Path;

use tower_lsp_server::jsonrpc::Result;
use tower_lsp_server::ls_types as lsp;

use crate::server::handlers::unmodified;
use crate::server::key::Key;
use crate::server::paper::Paper;
use crate::server::state::State;
use crate::server::view::{prompt_key, sidecar_key};
use crate::server::{convert, ingress};
use hoplens_ide::{document_links, sidecar_link_range};
use hoplens_prompt::Origin;

pub(in crate::server) fn document_link(state: &State) -> Result<Option<Vec<lsp::DocumentLink>>> {
    let Some(document) = ingress::document() else {
        return Ok(None);
    };
    unmodified(state, &document)?;
    let Some(paper) = Paper::of(state, &document)? else {
        return Ok(None);
    };
    let key = Key::of(&document.uri);
    let Some(path) = key.path() else {
        return Ok(None);
    };
    let can = state.can();
    let place = |offset| convert::position(&document.text, &document.index, offset, can.encoding);
    let link = |range: &Range<usize>, target: &Path, tooltip: &str| {
        let is_there = state.documents.is_open(&Key::File(target.into())) || target.is_file();
        let target = is_there.then(|| lsp::Uri::from_file_path(target)).flatten();
        Some(lsp::DocumentLink {
            range: lsp::Range {
                start: place(range.start),
                end: place(range.end),
            },
            target: Some(target?),
            tooltip: can.link_tooltips.then(|| tooltip.to_owned()),
            data: None,
        })
    };
    let mut found = Vec::new();
    let prompt = paper.prompt().map(|snapshot| &snapshot.file);
    if let Some(anchor) = sidecar_link_range(&document.text, prompt) {
        let (beside, tooltip) = match paper.origin {
            Origin::Sidecar => (prompt_key(&key), "the prompt"),
            Origin::FrontMatter => (sidecar_key(&key), "the sidecar"),
        };
        let beside = beside.as_ref().and_then(Key::path);
        found.extend(beside.and_then(|beside| link(&anchor, beside, tooltip)));
    }
    if let (Some(snapshot), Some(folder)) = (paper.prompt(), path.parent()) {
        let links = document_links(snapshot).into_iter();
        found.extend(links.filter_map(|one| link(&one.range, &folder.join(&one.path), &one.path)));
    }
    Ok(Some(found))
}
