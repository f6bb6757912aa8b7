//! `textDocument/documentSymbol`: nested for clients that nest, else one after the other.

use tower_lsp_server::ls_types as lsp;

use crate::server::document::Document;
use crate::server::text_view::TextView;
use hoplens_ide::{DocumentSymbol, SymbolKind, document_symbols};
use hoplens_prompt::text::PositionEncoding;

/// Returns the outline of a document.
pub(in crate::server) fn document_symbol(view: &TextView) -> lsp::DocumentSymbolResponse {
    let document = &view.document;
    let found = match view.snapshot() {
        Some(snapshot) => document_symbols(snapshot, view.origin),
        None => Vec::new(),
    };
    let client = &view.session.client;
    if client.nested_symbols {
        let nested = found.into_iter();
        let nested = nested.map(|symbol| nest(document, symbol, client.encoding));
        return lsp::DocumentSymbolResponse::Nested(nested.collect());
    }
    let mut flat = Flat {
        document,
        encoding: client.encoding,
        found: Vec::new(),
    };
    for symbol in &found {
        flat.push(symbol, None);
    }
    lsp::DocumentSymbolResponse::Flat(flat.found)
}

fn kind(kind: SymbolKind) -> lsp::SymbolKind {
    match kind {
        SymbolKind::Case => lsp::SymbolKind::OBJECT,
        SymbolKind::Hop => lsp::SymbolKind::KEY,
        SymbolKind::Injection => lsp::SymbolKind::EVENT,
        SymbolKind::Message => lsp::SymbolKind::STRING,
    }
}

#[expect(deprecated, reason = "the type has a field that tags replaced")]
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
        range: document.range(&symbol.range, encoding),
        selection_range: document.range(&symbol.selection, encoding),
        children: (!children.is_empty()).then_some(children),
    }
}

/// Symbols in one list.
struct Flat<'a> {
    document: &'a Document,
    encoding: PositionEncoding,
    found: Vec<lsp::SymbolInformation>,
}

impl Flat<'_> {
    /// Appends a symbol and all below it.
    #[expect(deprecated, reason = "the type has a field that tags replaced")]
    fn push(&mut self, symbol: &DocumentSymbol, container: Option<&str>) {
        self.found.push(lsp::SymbolInformation {
            name: symbol.name.clone(),
            kind: kind(symbol.kind),
            tags: None,
            deprecated: None,
            location: lsp::Location {
                uri: self.document.uri.clone(),
                range: self.document.range(&symbol.range, self.encoding),
            },
            container_name: container.map(str::to_owned),
        });
        for child in &symbol.children {
            self.push(child, Some(&symbol.name));
        }
    }
}
