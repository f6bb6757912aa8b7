//! The handshake.

use std::sync::Arc;

use serde_json::json;
use tower_lsp_server::ls_types as lsp;

use crate::server::can::Can;
use crate::server::commands::COMMANDS;
use crate::server::configuration;
use crate::server::handlers::code_action::FIX_ALL;
use crate::server::handlers::text_features::text_features;
use crate::server::pages;
use crate::server::settings::Settings;
use crate::server::state::State;
use hoplens_ide::{ADD_CASE, IGNORE, INJECT, REFRESH, REWRITE};

/// Says what the server can do.
pub(in crate::server) fn initialize(
    state: &State,
    params: &lsp::InitializeParams,
) -> lsp::InitializeResult {
    let options = params.initialization_options.as_ref();
    match options.map(Settings::read) {
        Some(Ok(Some(settings))) => state.set_settings(settings),
        Some(Err(error)) => tracing::warn!(%error),
        Some(Ok(None)) | None => {}
    }
    lsp::InitializeResult {
        capabilities: capabilities(&state.can()),
        server_info: Some(lsp::ServerInfo {
            name: "hoplens".to_owned(),
            version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        }),
        offset_encoding: None,
    }
}

/// The client is ready: the model may be loaded, or asked for.
pub(in crate::server) fn initialized(state: &Arc<State>) {
    if state.can().code_links {
        pages::prepare(&state.options.store);
    }
    configuration::begin(state);
    if state.can().watch_files {
        let state = Arc::clone(state);
        tokio::spawn(async move { watch_sidecars(&state).await });
    }
}

fn capabilities(can: &Can) -> lsp::ServerCapabilities {
    lsp::ServerCapabilities {
        position_encoding: Some(can.encoding_kind()),
        text_document_sync: Some(lsp::TextDocumentSyncCapability::Options(
            lsp::TextDocumentSyncOptions {
                open_close: Some(true),
                change: Some(lsp::TextDocumentSyncKind::INCREMENTAL),
                save: Some(lsp::TextDocumentSyncSaveOptions::Supported(true)),
                ..lsp::TextDocumentSyncOptions::default()
            },
        )),
        hover_provider: Some(lsp::HoverProviderCapability::Simple(true)),
        code_action_provider: Some(lsp::CodeActionProviderCapability::Options(
            lsp::CodeActionOptions {
                code_action_kinds: Some(
                    [INJECT, REWRITE, IGNORE, REFRESH, ADD_CASE, FIX_ALL]
                        .map(lsp::CodeActionKind::from)
                        .to_vec(),
                ),
                resolve_provider: can.resolve_edits.then_some(true),
                ..lsp::CodeActionOptions::default()
            },
        )),
        code_lens_provider: Some(lsp::CodeLensOptions {
            resolve_provider: None,
        }),
        inlay_hint_provider: Some(lsp::OneOf::Left(true)),
        execute_command_provider: Some(lsp::ExecuteCommandOptions {
            commands: COMMANDS.map(str::to_owned).to_vec(),
            work_done_progress_options: lsp::WorkDoneProgressOptions {
                work_done_progress: Some(true),
            },
        }),
        workspace: Some(lsp::WorkspaceServerCapabilities {
            workspace_folders: Some(lsp::WorkspaceFoldersServerCapabilities {
                supported: Some(true),
                change_notifications: Some(lsp::OneOf::Left(true)),
            }),
            ..lsp::WorkspaceServerCapabilities::default()
        }),
        ..text_features()
    }
}

async fn watch_sidecars(state: &State) {
    let registration = lsp::Registration {
        id: "hoplens-sidecars".to_owned(),
        method: "workspace/didChangeWatchedFiles".to_owned(),
        register_options: Some(json!({"watchers": [
            {"globPattern": "**/*.hoplens.yaml"},
            {"globPattern": "**/hoplens.toml"},
            {"globPattern": "**/facts.yaml"},
            {"globPattern": "**/promptfooconfig.{yaml,yml}"},
            {"globPattern": "**/_*.prompt"},
        ]})),
    };
    if let Err(error) = state.client.register_capability(vec![registration]).await {
        tracing::warn!(%error, "the client does not watch sidecars");
    }
}
