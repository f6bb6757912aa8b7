//! The part of `textDocument/hover` that needs no model.

use hoplens_ide::{TextHover, declaration_hover, template_hover};

use crate::server::text_view::TextView;

/// Returns the description of the name or declaration at `offset`; `None` if there is none.
pub(super) fn text_hover(view: &TextView, offset: usize) -> Option<TextHover> {
    let of_name = view
        .snapshot()
        .and_then(|snapshot| template_hover(snapshot, view.origin, offset));
    of_name.or_else(|| {
        let (text, sites) = (&view.document.text, view.all_sites());
        declaration_hover(text, &sites, offset, view.snapshot(), view.origin)
    })
}
