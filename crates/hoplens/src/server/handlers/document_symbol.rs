//! `textDocument/documentSymbol`: nested for clients that nest, else one after the other.

use std::ops::Range;

use tower_lsp_server::jsonrpc::Result;
use tower_lsp_server::ls_types as lsp;

use crate::server::documents::Document;
use crate::server::handlers::unmodified;
use crate::server::paper::Paper;
use crate::server::state::State;
use crate::server::{convert, ingress};
use hoplens_ide::{DocumentSymbol, SymbolKind, document_symbols};
use hoplens_prompt::text::PositionEncoding;

pub(in crate::server) fn document_symbol(
    state: &State,
) -> Result<Option<lsp::DocumentSymbolResponse>> {
    let Some(document) = ingress::document() else {
        return Ok(None);
    };
    unmodified(state, &document)?;
    let Some(paper) = Paper::of(state, &document)? else {
        return Ok(None);
    };
    let found = match paper.snapshot() {
        Some(snapshot) => document_symbols(snapshot, paper.origin),
        None => Vec::new(),
    };
    let can = state.can();
    if can.nested_symbols {
        let nested = found.into_iter();
        let nested = nested.map(|symbol| nest(&document, symbol, can.encoding));
        return Ok(Some(lsp::DocumentSymbolResponse::Nested(nested.collect())));
    }
    let mut flat = Vec::new();
    for symbol in &found {
        flatten(&document, symbol, None, can.encoding, &mut flat);
    }
    Ok(Some(lsp::DocumentSymbolResponse::Flat(flat)))
}

fn kind(kind: SymbolKind) -> lsp::SymbolKind {
    match kind {
        SymbolKind::Case => lsp::SymbolKind::OBJECT,
        SymbolKind::Hop => lsp::SymbolKind::KEY,
        SymbolKind::Injection => lsp::SymbolKind::EVENT,
        SymbolKind::Message => lsp::SymbolKind::STRING,
    }
}

fn range(document: &Document, bytes: &Range<usize>, encoding: PositionEncoding) -> lsp::Range {
    let at = |offset| convert::position(&document.text, &document.index, offset, encoding);
    lsp::Range {
        start: at(bytes.start),
        end: at(bytes.end),
    }
}

#[expect(
    deprecated,
    reason = "the type has a field that tags took the place of"
)]
fn nest(
    document: &Document,
    symbol: DocumentSymbol,
    encoding: PositionEncoding,
) -> lsp::DocumentSymbol {
    let children = symbol.children.into_iter();
    let children: Vec<_> = children
        .map(|child| nest(document, child, encoding))
        .collect();
    lsp::DocumentSymbol {
        name: symbol.name,
        detail: symbol.detail,
        kind: kind(symbol.kind),
        tags: None,
        deprecated: None,
        range: range(document, &symbol.range, encoding),
        selection_range: range(document, &symbol.selection, encoding),
        children: (!children.is_empty()).then_some(children),
    }
}

#[expect(
    deprecated,
    reason = "the type has a field that tags took the place of"
)]
fn flatten(
    document: &Document,
    symbol: &DocumentSymbol,
    container: Option<&str>,
    encoding: PositionEncoding,
    found: &mut Vec<lsp::SymbolInformation>,
) {
    found.push(lsp::SymbolInformation {
        name: symbol.name.clone(),
        kind: kind(symbol.kind),
        tags: None,
        deprecated: None,
        location: lsp::Location {
            uri: document.uri.clone(),
            range: range(document, &symbol.range, encoding),
        },
        container_name: container.map(str::to_owned),
    });
    for child in &symbol.children {
        flatten(document, child, Some(&symbol.name), encoding, found);
    }
}
