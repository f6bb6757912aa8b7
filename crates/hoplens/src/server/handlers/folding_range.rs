//! `textDocument/foldingRange`.

use tower_lsp_server::jsonrpc::Result;
use tower_lsp_server::ls_types as lsp;

use crate::server::handlers::unmodified;
use crate::server::paper::Paper;
use crate::server::state::State;
use crate::server::{convert, ingress};
use hoplens_ide::folding_ranges;

pub(in crate::server) fn folding_range(state: &State) -> Result<Option<Vec<lsp::FoldingRange>>> {
    let Some(document) = ingress::document() else {
        return Ok(None);
    };
    unmodified(state, &document)?;
    let Some(paper) = Paper::of(state, &document)? else {
        return Ok(None);
    };
    let encoding = state.can().encoding;
    let line = |offset| convert::position(&document.text, &document.index, offset, encoding).line;
    let folds = folding_ranges(&document.text, &paper.homes, paper.prompt()).into_iter();
    let folds = folds.map(|fold| lsp::FoldingRange {
        start_line: line(fold.start),
        end_line: line(fold.end),
        ..lsp::FoldingRange::default()
    });
    Ok(Some(folds.collect()))
}
