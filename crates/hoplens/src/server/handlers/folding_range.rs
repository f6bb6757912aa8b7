//! `textDocument/foldingRange`.

use tower_lsp_server::ls_types as lsp;

use crate::server::text_view::TextView;
use hoplens_ide::folding_ranges;

/// Returns the parts of a document that can be folded.
pub(in crate::server) fn folding_range(view: &TextView) -> Vec<lsp::FoldingRange> {
    let document = &view.document;
    let line = |offset| document.position(offset, view.session.client.encoding).line;
    let folds = folding_ranges(&document.text, &view.sites, view.own_snapshot()).into_iter();
    let folds = folds.map(|fold| lsp::FoldingRange {
        start_line: line(fold.start),
        end_line: line(fold.end),
        ..lsp::FoldingRange::default()
    });
    folds.collect()
}
