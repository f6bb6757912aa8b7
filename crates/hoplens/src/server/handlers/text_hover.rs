//! The part of `textDocument/hover` that needs no model.

use hoplens_ide::{TextHover, declaration_hover};

use crate::server::text_view::TextView;

/// Returns the description of the declaration at `offset`; `None` if there is none.
pub(super) fn text_hover(view: &TextView, offset: usize) -> Option<TextHover> {
    let text = &view.document.text;
    declaration_hover(text, &view.sites, offset, view.snapshot(), view.origin)
}
