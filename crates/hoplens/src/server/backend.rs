//! Which handler answers which method.
//!
//! A handler's document is that of the moment when the request arrived: each method first requests
//! the snapshot of that moment.

use tower_lsp_server::LanguageServer;
use tower_lsp_server::jsonrpc::Result;
use tower_lsp_server::ls_types as lsp;

use crate::server::commands;
use crate::server::document_key::DocumentKey;
use crate::server::event::ClientEvent;
use crate::server::handlers;
use crate::server::protocol::DocumentTextParams;
use crate::server::session_handle::SessionHandle;

/// The methods of the protocol; each calls one file of [`handlers`].
pub(super) struct Backend {
    /// The access to the session.
    pub(super) session: SessionHandle,
}

impl Backend {
    /// `hoplens/documentText`: a document as the server sees it, to find clients that lose edits.
    pub(super) async fn document_text(&self, params: DocumentTextParams) -> Result<Option<String>> {
        let session = self.session.on_arrival().await?;
        let document = session.document(&DocumentKey::of(&params.text_document.uri));
        Ok(document.map(|document| document.text.clone()))
    }
}

impl LanguageServer for Backend {
    async fn initialize(&self, params: lsp::InitializeParams) -> Result<lsp::InitializeResult> {
        Ok(handlers::initialize(&params))
    }

    async fn initialized(&self, _: lsp::InitializedParams) {
        self.session.send(ClientEvent::Initialized);
    }

    async fn shutdown(&self) -> Result<()> {
        Ok(())
    }

    async fn hover(&self, params: lsp::HoverParams) -> Result<Option<lsp::Hover>> {
        handlers::hover(&self.session, &params).await
    }

    async fn completion(
        &self,
        params: lsp::CompletionParams,
    ) -> Result<Option<lsp::CompletionResponse>> {
        handlers::completion(&self.session, &params).await
    }

    async fn semantic_tokens_full(
        &self,
        params: lsp::SemanticTokensParams,
    ) -> Result<Option<lsp::SemanticTokensResult>> {
        let view = self.session.text_of_request(&params.text_document.uri);
        let tokens = view
            .await?
            .map(|view| handlers::semantic_tokens(&view, None));
        Ok(tokens.map(lsp::SemanticTokensResult::Tokens))
    }

    async fn semantic_tokens_range(
        &self,
        params: lsp::SemanticTokensRangeParams,
    ) -> Result<Option<lsp::SemanticTokensRangeResult>> {
        let view = self.session.text_of_request(&params.text_document.uri);
        let range = Some(params.range);
        let tokens = view
            .await?
            .map(|view| handlers::semantic_tokens(&view, range));
        Ok(tokens.map(lsp::SemanticTokensRangeResult::Tokens))
    }

    async fn document_link(
        &self,
        params: lsp::DocumentLinkParams,
    ) -> Result<Option<Vec<lsp::DocumentLink>>> {
        let view = self.session.text_of_request(&params.text_document.uri);
        match view.await? {
            Some(view) => Ok(handlers::document_link(&view, &self.session.files).await),
            None => Ok(None),
        }
    }

    async fn folding_range(
        &self,
        params: lsp::FoldingRangeParams,
    ) -> Result<Option<Vec<lsp::FoldingRange>>> {
        let view = self.session.text_of_request(&params.text_document.uri);
        Ok(view.await?.map(|view| handlers::folding_range(&view)))
    }

    async fn document_symbol(
        &self,
        params: lsp::DocumentSymbolParams,
    ) -> Result<Option<lsp::DocumentSymbolResponse>> {
        let view = self.session.text_of_request(&params.text_document.uri);
        Ok(view.await?.map(|view| handlers::document_symbol(&view)))
    }

    async fn goto_definition(
        &self,
        params: lsp::GotoDefinitionParams,
    ) -> Result<Option<lsp::GotoDefinitionResponse>> {
        handlers::definition(&self.session, &params.text_document_position_params).await
    }

    async fn references(&self, params: lsp::ReferenceParams) -> Result<Option<Vec<lsp::Location>>> {
        handlers::references(&self.session, &params).await
    }

    async fn document_highlight(
        &self,
        params: lsp::DocumentHighlightParams,
    ) -> Result<Option<Vec<lsp::DocumentHighlight>>> {
        handlers::document_highlight(&self.session, &params.text_document_position_params).await
    }

    async fn prepare_rename(
        &self,
        params: lsp::TextDocumentPositionParams,
    ) -> Result<Option<lsp::PrepareRenameResponse>> {
        handlers::prepare_rename(&self.session, &params).await
    }

    async fn rename(&self, params: lsp::RenameParams) -> Result<Option<lsp::WorkspaceEdit>> {
        handlers::rename(&self.session, &params).await
    }

    async fn code_action(
        &self,
        params: lsp::CodeActionParams,
    ) -> Result<Option<lsp::CodeActionResponse>> {
        let prompt = self.session.prompt_of_request(&params.text_document.uri);
        match prompt.await? {
            Some(prompt) => {
                let files = &self.session.files;
                Ok(Some(handlers::code_action(&prompt, &params, files).await))
            }
            None => Ok(None),
        }
    }

    async fn code_action_resolve(&self, action: lsp::CodeAction) -> Result<lsp::CodeAction> {
        let session = self.session.on_arrival().await?;
        handlers::code_action_resolve(&session, action)
    }

    async fn code_lens(&self, params: lsp::CodeLensParams) -> Result<Option<Vec<lsp::CodeLens>>> {
        let prompt = self.session.prompt_of_request(&params.text_document.uri);
        Ok(prompt
            .await?
            .and_then(|prompt| handlers::code_lens(&prompt)))
    }

    async fn inlay_hint(
        &self,
        params: lsp::InlayHintParams,
    ) -> Result<Option<Vec<lsp::InlayHint>>> {
        let prompt = self.session.prompt_of_request(&params.text_document.uri);
        let hints = prompt.await?;
        Ok(hints.and_then(|prompt| handlers::inlay_hint(&prompt, params.range)))
    }

    async fn execute_command(
        &self,
        params: lsp::ExecuteCommandParams,
    ) -> Result<Option<lsp::LSPAny>> {
        commands::run(&self.session, params).await.map(Some)
    }

    async fn did_change_configuration(&self, params: lsp::DidChangeConfigurationParams) {
        self.session
            .send(ClientEvent::SettingsPushed(params.settings));
    }

    async fn did_change_watched_files(&self, params: lsp::DidChangeWatchedFilesParams) {
        let changes = params.changes.iter();
        let keys = changes.map(|change| DocumentKey::of(&change.uri));
        self.session.send(ClientEvent::FilesChanged(keys.collect()));
    }
}
