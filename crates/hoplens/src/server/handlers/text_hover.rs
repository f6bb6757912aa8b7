//! The part of `textDocument/hover` that needs no model and never waits.

use tower_lsp_server::jsonrpc::Result;

use crate::server::documents::Document;
use crate::server::key::Key;
use crate::server::paper::Paper;
use crate::server::projects::is_project;
use crate::server::state::State;
use hoplens_ide::{TextHover, declaration_hover, project_hover};

/// What the declarations or settings at `offset` say; `None` where there are none.
pub(super) fn text_hover(
    state: &State,
    document: &Document,
    offset: usize,
) -> Result<Option<TextHover>> {
    let text = &document.text;
    if is_project(&Key::of(&document.uri)) {
        return Ok(project_hover(text, offset));
    }
    let Some(paper) = Paper::of(state, document)? else {
        return Ok(None);
    };
    let (snapshot, origin) = (paper.snapshot(), paper.origin);
    Ok(declaration_hover(
        text,
        &paper.homes,
        offset,
        snapshot,
        origin,
    ))
}
