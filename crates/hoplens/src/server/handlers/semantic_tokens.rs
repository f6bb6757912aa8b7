//! `textDocument/semanticTokens/full` and `/range`.

use std::ops::Range;

use tower_lsp_server::ls_types as lsp;

use crate::server::document::Document;
use crate::server::text_view::TextView;
use hoplens_ide::{SemanticToken, TOKEN_MODIFIERS, TOKEN_TYPES};
use hoplens_prompt::text::PositionEncoding;

/// Returns the names of the token types and modifiers.
pub(super) fn legend() -> lsp::SemanticTokensLegend {
    lsp::SemanticTokensLegend {
        token_types: TOKEN_TYPES.map(lsp::SemanticTokenType::from).to_vec(),
        token_modifiers: TOKEN_MODIFIERS
            .map(lsp::SemanticTokenModifier::from)
            .to_vec(),
    }
}

/// Returns the tokens of a document, or of a range of it.
pub(in crate::server) fn semantic_tokens(
    view: &TextView,
    range: Option<lsp::Range>,
) -> lsp::SemanticTokens {
    let document = &view.document;
    let encoding = view.session.client.encoding;
    let range = match range {
        Some(range) => document.bytes(range, encoding),
        None => 0..document.text.len(),
    };
    let found = hoplens_ide::semantic_tokens(&document.text, &view.sites, view.own_snapshot());
    lsp::SemanticTokens {
        result_id: None,
        data: relative(document, &found, &range, encoding),
    }
}

/// Returns the tokens that touch `range`, each relative to the one before.
fn relative(
    document: &Document,
    found: &[SemanticToken],
    range: &Range<usize>,
    encoding: PositionEncoding,
) -> Vec<lsp::SemanticToken> {
    let at = |offset| document.position(offset, encoding);
    let mut last = lsp::Position::default();
    let touched = found
        .iter()
        .filter(|token| range.start < token.range.end && token.range.start < range.end);
    touched
        .map(|token| {
            let (start, end) = (at(token.range.start), at(token.range.end));
            let delta_line = start.line - last.line;
            let delta_start = match delta_line {
                0 => start.character - last.character,
                _ => start.character,
            };
            last = start;
            lsp::SemanticToken {
                delta_line,
                delta_start,
                // A token is within one line.
                length: end.character.saturating_sub(start.character),
                token_type: token.kind as u32,
                token_modifiers_bitset: token.modifiers(),
            }
        })
        .collect()
}
