//! One request for each capability that the server announces.

use serde_json::{Value, json};

/// One request.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: &'static str,
    pub params: Value,
}

/// The target of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    Document,
    Position,
    Range,
}

/// The pointer into the capabilities, the method, and the target of each request.
const ALL: [(&str, &str, About); 11] = [
    ("/hoverProvider", "textDocument/hover", About::Position),
    (
        "/completionProvider",
        "textDocument/completion",
        About::Position,
    ),
    (
        "/codeActionProvider",
        "textDocument/codeAction",
        About::Range,
    ),
    ("/inlayHintProvider", "textDocument/inlayHint", About::Range),
    (
        "/codeLensProvider",
        "textDocument/codeLens",
        About::Document,
    ),
    (
        "/documentLinkProvider",
        "textDocument/documentLink",
        About::Document,
    ),
    (
        "/documentSymbolProvider",
        "textDocument/documentSymbol",
        About::Document,
    ),
    (
        "/foldingRangeProvider",
        "textDocument/foldingRange",
        About::Document,
    ),
    (
        "/semanticTokensProvider/full",
        "textDocument/semanticTokens/full",
        About::Document,
    ),
    (
        "/semanticTokensProvider/range",
        "textDocument/semanticTokens/range",
        About::Range,
    ),
    // An extension of the protocol, which is always supported.
    ("", "hoplens/documentText", About::Document),
];

/// Returns all announced requests, for this document and range.
pub fn all(initialized: &Value, uri: &str, range: &Value) -> Vec<Request> {
    let capabilities = &initialized["capabilities"];
    let is_there = |pointer: &str| {
        let announced = capabilities.pointer(pointer);
        announced.is_some_and(|announced| !announced.is_null() && announced != false)
    };
    let mut all = Vec::new();
    for (pointer, method, about) in ALL {
        if !is_there(pointer) {
            continue;
        }
        let mut params = json!({"textDocument": {"uri": uri}});
        match about {
            About::Document => {}
            About::Position => params["position"] = range["start"].clone(),
            About::Range => params["range"] = range.clone(),
        }
        if method == "textDocument/codeAction" {
            params["context"] = json!({"diagnostics": []});
        }
        all.push(Request { method, params });
    }
    assert!(
        5 <= all.len(),
        "the server says that it answers little: {capabilities}"
    );
    all
}
