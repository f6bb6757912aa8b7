//! The client's settings: pushed, or asked for where the client answers.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tower_lsp_server::ls_types as lsp;

use crate::server::analysis;
use crate::server::analysis::Cause;
use crate::server::model;
use crate::server::settings::Settings;
use crate::server::state::State;

/// A client that does not answer within this has no settings for us.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks for the settings where the client has some to give, then for the model that they name.
pub(super) fn begin(state: &Arc<State>) {
    if !state.can().configuration {
        model::start(state, model::Consent::Ask);
        return;
    }
    let number = state.next_settings_request();
    let state = Arc::clone(state);
    tokio::spawn(async move {
        if let Some(settings) = ask(&state, number).await {
            apply(&state, &settings);
        }
        model::start(&state, model::Consent::Ask);
        if state.can().watch_settings {
            watch(&state).await;
        }
    });
}

/// Takes settings that the client pushed; where it only says that they changed, it is asked.
pub(super) fn changed(state: &Arc<State>, pushed: &Value) {
    let read = Settings::read(pushed);
    if matches!(read, Ok(None)) && !state.can().configuration {
        return;
    }
    let number = state.next_settings_request();
    match read {
        Err(error) => tracing::warn!(%error),
        Ok(Some(now)) => apply(state, &now),
        Ok(None) => {
            let state = Arc::clone(state);
            tokio::spawn(async move {
                if let Some(settings) = ask(&state, number).await {
                    apply(&state, &settings);
                }
            });
        }
    }
}

/// The section `hoplens` of the client's settings; `None` if it has none, or newer ones came.
async fn ask(state: &State, number: u64) -> Option<Settings> {
    let item = lsp::ConfigurationItem {
        scope_uri: None,
        section: Some("hoplens".to_owned()),
    };
    let asked = state.client.configuration(vec![item]);
    let Ok(answer) = tokio::time::timeout(PATIENCE, asked).await else {
        tracing::warn!("the client did not say what its settings are");
        return None;
    };
    let sections = answer
        .inspect_err(|error| tracing::warn!(%error, "the client has no settings"))
        .ok()?;
    let section = sections.into_iter().next()?;
    if !state.is_newest_settings_request(number) {
        return None;
    }
    Settings::read(&json!({"hoplens": section}))
        .inspect_err(|error| tracing::warn!(%error))
        .ok()?
}

fn apply(state: &Arc<State>, now: &Settings) {
    let before = state.settings();
    state.set_settings(now.clone());
    model::follow(state);
    state.refresh.all();
    if now.run != before.run {
        analysis::look_at_all(state, Cause::Opened);
    }
}

/// Has the client tell of changes; some do it unasked.
async fn watch(state: &State) {
    let registration = lsp::Registration {
        id: "hoplens-settings".to_owned(),
        method: "workspace/didChangeConfiguration".to_owned(),
        register_options: Some(json!({"section": "hoplens"})),
    };
    if let Err(error) = state.client.register_capability(vec![registration]).await {
        tracing::warn!(%error, "the client does not tell of changed settings");
    }
}
