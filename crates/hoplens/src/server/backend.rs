//! Which handler answers what.

use std::sync::Arc;

use tower_lsp_server::LanguageServer;
use tower_lsp_server::jsonrpc::Result;
use tower_lsp_server::ls_types as lsp;

use crate::server::commands;
use crate::server::handlers;
use crate::server::state::State;

/// The methods of the protocol; each hands on to one file of [`handlers`].
pub(super) struct Backend {
    pub(super) state: Arc<State>,
}

impl Backend {
    /// `hoplens/documentText`
    #[expect(clippy::unused_async, reason = "the service awaits every handler")]
    pub(super) async fn document_text(
        &self,
        _: handlers::DocumentTextParams,
    ) -> Result<Option<String>> {
        Ok(handlers::document_text())
    }
}

impl LanguageServer for Backend {
    async fn initialize(&self, params: lsp::InitializeParams) -> Result<lsp::InitializeResult> {
        Ok(handlers::initialize(&self.state, &params))
    }

    async fn initialized(&self, _: lsp::InitializedParams) {
        handlers::initialized(&self.state);
    }

    async fn shutdown(&self) -> Result<()> {
        Ok(())
    }

    async fn hover(&self, params: lsp::HoverParams) -> Result<Option<lsp::Hover>> {
        handlers::hover(&self.state, &params).await
    }

    async fn completion(
        &self,
        params: lsp::CompletionParams,
    ) -> Result<Option<lsp::CompletionResponse>> {
        handlers::completion(&self.state, &params)
    }

    async fn semantic_tokens_full(
        &self,
        _: lsp::SemanticTokensParams,
    ) -> Result<Option<lsp::SemanticTokensResult>> {
        handlers::semantic_tokens_full(&self.state)
    }

    async fn semantic_tokens_range(
        &self,
        params: lsp::SemanticTokensRangeParams,
    ) -> Result<Option<lsp::SemanticTokensRangeResult>> {
        handlers::semantic_tokens_range(&self.state, &params)
    }

    async fn document_link(
        &self,
        _: lsp::DocumentLinkParams,
    ) -> Result<Option<Vec<lsp::DocumentLink>>> {
        handlers::document_link(&self.state)
    }

    async fn folding_range(
        &self,
        _: lsp::FoldingRangeParams,
    ) -> Result<Option<Vec<lsp::FoldingRange>>> {
        handlers::folding_range(&self.state)
    }

    async fn document_symbol(
        &self,
        _: lsp::DocumentSymbolParams,
    ) -> Result<Option<lsp::DocumentSymbolResponse>> {
        handlers::document_symbol(&self.state)
    }

    async fn code_action(
        &self,
        params: lsp::CodeActionParams,
    ) -> Result<Option<lsp::CodeActionResponse>> {
        handlers::code_action(&self.state, &params)
    }

    async fn code_action_resolve(&self, action: lsp::CodeAction) -> Result<lsp::CodeAction> {
        handlers::code_action_resolve(&self.state, action)
    }

    async fn code_lens(&self, _: lsp::CodeLensParams) -> Result<Option<Vec<lsp::CodeLens>>> {
        handlers::code_lens(&self.state)
    }

    async fn inlay_hint(
        &self,
        params: lsp::InlayHintParams,
    ) -> Result<Option<Vec<lsp::InlayHint>>> {
        handlers::inlay_hint(&self.state, &params)
    }

    async fn execute_command(
        &self,
        params: lsp::ExecuteCommandParams,
    ) -> Result<Option<lsp::LSPAny>> {
        commands::run(&self.state, params).await.map(Some)
    }

    async fn did_change_configuration(&self, params: lsp::DidChangeConfigurationParams) {
        handlers::did_change_configuration(&self.state, &params);
    }

    async fn did_change_watched_files(&self, params: lsp::DidChangeWatchedFilesParams) {
        handlers::did_change_watched_files(&self.state, &params);
    }
}
