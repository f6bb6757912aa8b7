//! Settings and files that changed outside of any document.

use std::sync::Arc;

use tower_lsp_server::ls_types as lsp;

use crate::server::analysis;
use crate::server::analysis::Cause;
use crate::server::configuration;
use crate::server::key::Key;
use crate::server::model;
use crate::server::projects::is_project;
use crate::server::state::State;
use crate::server::view::prompt_key;
use hoplens_prompt::{FACTS_FILE, PROMPTFOO_CONFIGS};
use hoplens_workspace::PROJECT_FILE;

/// Settings that the client pushes, or says to have changed.
pub(in crate::server) fn did_change_configuration(
    state: &Arc<State>,
    params: &lsp::DidChangeConfigurationParams,
) {
    configuration::changed(state, &params.settings);
}

/// Sidecars, and files that prompts share, that changed on the disk.
pub(in crate::server) fn did_change_watched_files(
    state: &Arc<State>,
    params: &lsp::DidChangeWatchedFilesParams,
) {
    let is_shared = |change: &lsp::FileEvent| {
        let key = Key::of(&change.uri);
        let name = key.path().and_then(|path| path.file_name());
        let name = name.and_then(|name| name.to_str()).unwrap_or_default();
        let is_partial = name.starts_with('_') && name.ends_with(".prompt");
        is_partial
            || name == PROJECT_FILE
            || name == FACTS_FILE
            || PROMPTFOO_CONFIGS.contains(&name)
    };
    for change in &params.changes {
        if let Some(path) = Key::of(&change.uri).path() {
            state.texts.forget(path);
        }
    }
    let keys = params.changes.iter().map(|change| Key::of(&change.uri));
    let settings: Vec<Key> = keys.filter(is_project).collect();
    for key in &settings {
        state.projects.forget(key);
    }
    if !settings.is_empty() {
        model::follow(state);
    }
    if params.changes.iter().any(is_shared) {
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
