//! Settings and files that changed outside of any document.

use std::sync::Arc;

use tower_lsp_server::ls_types as lsp;

use super::super::analysis::{self, Cause};
use super::super::key::Key;
use super::super::model;
use super::super::settings::Settings;
use super::super::state::State;
use super::super::view::prompt_key;
use crate::hop::PROJECT_FILE;

/// Settings that the client pushes.
pub(in crate::server) fn did_change_configuration(
    state: &Arc<State>,
    params: &lsp::DidChangeConfigurationParams,
) {
    let before = state.settings();
    match Settings::read(&params.settings) {
        Err(error) => tracing::warn!(%error),
        Ok(None) => {}
        Ok(Some(now)) => {
            state.set_settings(now.clone());
            if now.model != before.model {
                model::start(state, model::Consent::Ask);
            } else if now.run != before.run {
                analysis::look_at_all(state, Cause::Opened);
            }
        }
    }
}

/// Sidecars and project settings that changed on the disk.
pub(in crate::server) fn did_change_watched_files(
    state: &Arc<State>,
    params: &lsp::DidChangeWatchedFilesParams,
) {
    let is_project = |change: &lsp::FileEvent| {
        let key = Key::of(&change.uri);
        let name = key.path().and_then(|path| path.file_name());
        name.is_some_and(|name| name == PROJECT_FILE)
    };
    if params.changes.iter().any(is_project) {
        analysis::look_at_all(state, Cause::Opened);
    }
    for change in &params.changes {
        let Some(prompt) = prompt_key(&Key::of(&change.uri)) else {
            continue;
        };
        // An open prompt becomes one of ours with its first sidecar.
        if state.prompts.contains(&prompt) {
            analysis::look_if_changed(state, &prompt);
        } else if state.documents.is_open(&prompt) {
            analysis::look(state, &prompt, Cause::Saved, &[]);
        }
    }
}
