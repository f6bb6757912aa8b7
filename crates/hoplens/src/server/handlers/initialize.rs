//! The handshake.

use tower_lsp_server::ls_types as lsp;

use crate::server::client_capabilities::ClientCapabilities;
use crate::server::commands::COMMANDS;
use crate::server::handlers::code_action::fix_all::FIX_ALL;
use crate::server::handlers::text_features::text_features;
use hoplens_ide::{ADD_CASE, ADD_VALUE, CORRECT, DECLARE_HOP, IGNORE, INJECT, REFRESH, REWRITE};

/// Returns what the server supports.
pub(in crate::server) fn initialize(params: &lsp::InitializeParams) -> lsp::InitializeResult {
    lsp::InitializeResult {
        capabilities: capabilities(&ClientCapabilities::read(params)),
        server_info: Some(lsp::ServerInfo {
            name: "hoplens".to_owned(),
            version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        }),
        offset_encoding: None,
    }
}

fn capabilities(client: &ClientCapabilities) -> lsp::ServerCapabilities {
    lsp::ServerCapabilities {
        position_encoding: Some(client.encoding_kind()),
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
                    [
                        INJECT,
                        REWRITE,
                        CORRECT,
                        ADD_VALUE,
                        DECLARE_HOP,
                        IGNORE,
                        REFRESH,
                        ADD_CASE,
                        FIX_ALL,
                    ]
                    .map(lsp::CodeActionKind::from)
                    .to_vec(),
                ),
                resolve_provider: client.resolve_edits.then_some(true),
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
        ..text_features(client)
    }
}
