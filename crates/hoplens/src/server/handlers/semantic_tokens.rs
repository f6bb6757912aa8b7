//! `textDocument/semanticTokens/full` and `/range`.

use std::ops::Range;

use tower_lsp_server::jsonrpc::Result;
use tower_lsp_server::ls_types as lsp;

use crate::server::documents::Document;
use crate::server::handlers::unmodified;
use crate::server::paper::Paper;
use crate::server::state::State;
use crate::server::{convert, ingress};
use hoplens_ide::{SemanticToken, TOKEN_MODIFIERS, TOKEN_TYPES, semantic_tokens};
use hoplens_prompt::text::PositionEncoding;

/// What the numbers of the tokens mean.
pub(super) fn legend() -> lsp::SemanticTokensLegend {
    lsp::SemanticTokensLegend {
        token_types: TOKEN_TYPES.map(lsp::SemanticTokenType::from).to_vec(),
        token_modifiers: TOKEN_MODIFIERS
            .map(lsp::SemanticTokenModifier::from)
            .to_vec(),
    }
}

pub(in crate::server) fn semantic_tokens_full(
    state: &State,
) -> Result<Option<lsp::SemanticTokensResult>> {
    let tokens = tokens(state, None)?;
    Ok(tokens.map(lsp::SemanticTokensResult::Tokens))
}

pub(in crate::server) fn semantic_tokens_range(
    state: &State,
    params: &lsp::SemanticTokensRangeParams,
) -> Result<Option<lsp::SemanticTokensRangeResult>> {
    let tokens = tokens(state, Some(params.range))?;
    Ok(tokens.map(lsp::SemanticTokensRangeResult::Tokens))
}

fn tokens(state: &State, range: Option<lsp::Range>) -> Result<Option<lsp::SemanticTokens>> {
    let Some(document) = ingress::document() else {
        return Ok(None);
    };
    unmodified(state, &document)?;
    let Some(paper) = Paper::of(state, &document)? else {
        return Ok(None);
    };
    let encoding = state.can().encoding;
    let wanted = match range {
        Some(range) => convert::bytes(&document, range, encoding),
        None => 0..document.text.len(),
    };
    let found = semantic_tokens(&document.text, &paper.homes, paper.prompt());
    Ok(Some(lsp::SemanticTokens {
        result_id: None,
        data: relative(&document, &found, &wanted, encoding),
    }))
}

/// The tokens that touch `wanted`, each counted from the one before.
fn relative(
    document: &Document,
    found: &[SemanticToken],
    wanted: &Range<usize>,
    encoding: PositionEncoding,
) -> Vec<lsp::SemanticToken> {
    let at = |offset| convert::position(&document.text, &document.index, offset, encoding);
    let mut last = lsp::Position::default();
    let touched = found
        .iter()
        .filter(|token| wanted.start < token.range.end && token.range.start < wanted.end);
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
                // A token stands on one line.
                length: end.character.saturating_sub(start.character),
                token_type: token.kind as u32,
                token_modifiers_bitset: token.modifiers(),
            }
        })
        .collect()
}
