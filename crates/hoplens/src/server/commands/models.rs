//! The model: which there are, which one is resident, and how it is.

use std::sync::Arc;

use serde_json::{Value, json};
use tower_lsp_server::jsonrpc::{Error, Result};

use crate::engine::ModelStatus;
use crate::server::asking::failed;
use crate::server::model;
use crate::server::model::Consent;
use crate::server::state::State;

/// Every model that has a name here: the aliases, and what the caches hold.
pub(super) async fn list(state: &Arc<State>) -> Result<Value> {
    let options = state.options.store.clone();
    // Reading the caches touches the disk many times.
    let entries = tokio::task::spawn_blocking(move || hoplens_store::list(&options))
        .await
        .map_err(|error| failed(format!("the model store could not be read: {error}")))?;
    let wanted = state.wanted_model();
    let row = |entry: &hoplens_store::ModelEntry| {
        json!({
            "name": entry.name,
            "size": entry.size,
            "licence": entry.licence,
            "here": entry.installed,
            "current": wanted.as_ref() == Some(&entry.name),
        })
    };
    Ok(entries.iter().map(row).collect())
}

/// Uses another model from now on, until the server ends.
pub(super) fn choose(state: &Arc<State>, argument: &Value) -> Result<Value> {
    let named = argument.get("model").unwrap_or(argument);
    let name = named.as_str().filter(|name| !name.trim().is_empty());
    let Some(name) = name else {
        return Err(Error::invalid_params(
            "name a model: {\"model\": \"smollm2-135m\"}",
        ));
    };
    state.choose_model(name);
    model::start(state, Consent::Ask);
    Ok(Value::Null)
}

pub(super) fn download(state: &Arc<State>) -> Value {
    model::start(state, Consent::Given);
    Value::Null
}

pub(super) fn restart(state: &Arc<State>) -> Value {
    model::start(state, Consent::Ask);
    Value::Null
}

/// The server's version, its model, and whether anything is being computed.
pub(super) fn status(state: &State) -> Value {
    let status = state.engine.status();
    let (name, message) = match &status {
        ModelStatus::Absent(reason) => ("absent", reason.clone()),
        ModelStatus::Loading(what) => ("loading", what.clone()),
        ModelStatus::Failed(reason) => ("failed", reason.clone()),
        ModelStatus::Ready(info) => ("ready", info.name.clone()),
    };
    let model = match &status {
        ModelStatus::Ready(info) => json!(info),
        _ => Value::Null,
    };
    let keys = state.prompts.keys();
    let is_busy = |key| {
        let known = state.prompts.known(key);
        known.is_some_and(|known| known.is_pending || known.is_measuring)
    };
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "model": model,
        "wanted": state.wanted_model(),
        "state": name,
        "message": message,
        "busy": keys.iter().any(is_busy),
        "prompts": keys.len(),
    })
}
