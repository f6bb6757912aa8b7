//! What `initialize` says of the features that need no model.

use tower_lsp_server::ls_types as lsp;

use crate::server::client_capabilities::ClientCapabilities;
use crate::server::handlers::completion::TRIGGERS;
use crate::server::handlers::semantic_tokens::legend;

/// The capabilities of the text features, and nothing else.
pub(super) fn text_features(client: &ClientCapabilities) -> lsp::ServerCapabilities {
    let tokens = lsp::SemanticTokensOptions {
        legend: legend(),
        range: Some(true),
        full: Some(lsp::SemanticTokensFullOptions::Bool(true)),
        ..lsp::SemanticTokensOptions::default()
    };
    lsp::ServerCapabilities {
        completion_provider: Some(lsp::CompletionOptions {
            trigger_characters: Some(TRIGGERS.map(str::to_owned).to_vec()),
            ..lsp::CompletionOptions::default()
        }),
        semantic_tokens_provider: Some(tokens.into()),
        document_link_provider: Some(lsp::DocumentLinkOptions {
            resolve_provider: Some(false),
            work_done_progress_options: lsp::WorkDoneProgressOptions::default(),
        }),
        folding_range_provider: Some(lsp::FoldingRangeProviderCapability::Simple(true)),
        document_symbol_provider: Some(lsp::OneOf::Left(true)),
        definition_provider: Some(lsp::OneOf::Left(true)),
        references_provider: Some(lsp::OneOf::Left(true)),
        document_highlight_provider: Some(lsp::OneOf::Left(true)),
        rename_provider: Some(if client.prepare_rename {
            lsp::OneOf::Right(lsp::RenameOptions {
                prepare_provider: Some(true),
                work_done_progress_options: lsp::WorkDoneProgressOptions::default(),
            })
        } else {
            lsp::OneOf::Left(true)
        }),
        ..lsp::ServerCapabilities::default()
    }
}
