//! `hoplens.server.models` and the commands that load a model.

use serde_json::{Value, json};
use tower_lsp_server::jsonrpc::{Error, Result};

use crate::engine::ModelStatus;
use crate::server::event::{ClientEvent, Consent};
use crate::server::requests::failed;
use crate::server::session_handle::SessionHandle;

/// Lists every model with a name: the aliases, and the models in the caches.
pub(super) async fn list(session: &SessionHandle) -> Result<Value> {
    let options = session.options.store.clone();
    // Reading the caches touches the disk many times.
    let entries = tokio::task::spawn_blocking(move || hoplens_store::list(&options))
        .await
        .map_err(|error| failed(format!("the model store could not be read: {error}")))?;
    let requested = session.on_arrival().await?.requested_model.clone();
    let row = |entry: &hoplens_store::ModelEntry| {
        json!({
            "name": entry.name,
            "size": entry.size,
            "licence": entry.licence,
            "here": entry.installed,
            "current": requested.as_deref() == Some(entry.name.as_str()),
        })
    };
    Ok(entries.iter().map(row).collect())
}

/// Loads another model, until the server ends.
pub(super) fn choose(session: &SessionHandle, argument: &Value) -> Result<Value> {
    let named = argument.get("model").unwrap_or(argument);
    let name = named.as_str().filter(|name| !name.trim().is_empty());
    let Some(name) = name else {
        return Err(Error::invalid_params(
            "name a model: {\"model\": \"smollm2-135m\"}",
        ));
    };
    session.send(ClientEvent::ChooseModel(name.to_owned()));
    Ok(Value::Null)
}

/// Downloads the model.
pub(super) fn download(session: &SessionHandle) -> Value {
    session.send(ClientEvent::LoadModel(Consent::Given));
    Value::Null
}

/// Loads the model again.
pub(super) fn restart(session: &SessionHandle) -> Value {
    session.send(ClientEvent::LoadModel(Consent::Ask));
    Value::Null
}

/// Returns the server's version, its model, and whether anything is being computed.
pub(super) async fn status(session: &SessionHandle) -> Result<Value> {
    let now = session.on_arrival().await?;
    let (name, message) = match &*now.model {
        ModelStatus::Absent(reason) => ("absent", reason.clone()),
        ModelStatus::Loading(what) => ("loading", what.clone()),
        ModelStatus::Failed(reason) => ("failed", reason.clone()),
        ModelStatus::Ready(info) => ("ready", info.name.clone()),
    };
    let model = match &*now.model {
        ModelStatus::Ready(info) => json!(info),
        _ => Value::Null,
    };
    let is_busy = now.prompts.values().any(|prompt| {
        let is_working = prompt.is_pending || prompt.is_measuring;
        prompt.current_view().is_some() && is_working
    });
    Ok(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "model": model,
        "wanted": now.requested_model.as_deref(),
        "state": name,
        "message": message,
        "busy": is_busy,
        "prompts": now.prompt_keys().len(),
    }))
}
