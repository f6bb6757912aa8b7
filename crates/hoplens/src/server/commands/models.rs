//! `hoplens.server.models` and the commands that load a model.

use serde_json::Value;
use tower_lsp_server::jsonrpc::{Error, Result};

use crate::engine::ModelStatus;
use crate::server::commands::argument::write;
use crate::server::event::{ClientEvent, Consent};
use crate::server::protocol::common::ModelIdentity;
use crate::server::protocol::{ListedModel, ModelState, StatusResult};
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
    let entries = entries.into_iter().map(|entry| ListedModel {
        current: requested.as_deref() == Some(entry.name.as_str()),
        name: entry.name,
        size: entry.size,
        licence: entry.licence,
        here: entry.installed,
    });
    write(entries.collect::<Vec<_>>())
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
    let (state, message) = match &*now.model {
        ModelStatus::Absent(reason) => (ModelState::Absent, reason.clone()),
        ModelStatus::Loading(what) => (ModelState::Loading, what.clone()),
        ModelStatus::Failed(reason) => (ModelState::Failed, reason.clone()),
        ModelStatus::Ready(info) => (ModelState::Ready, info.name.clone()),
    };
    let model = match &*now.model {
        ModelStatus::Ready(info) => Some(ModelIdentity {
            name: info.name.clone(),
            sha256: info.sha256.clone(),
            layers: info.layers,
            heads: info.heads,
            width: info.width,
        }),
        _ => None,
    };
    let busy = now.prompts.values().any(|prompt| {
        let is_working = prompt.is_pending || prompt.is_measuring;
        prompt.current_view().is_some() && is_working
    });
    write(StatusResult {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        model,
        wanted: now.requested_model.as_deref().map(str::to_owned),
        state,
        message,
        busy,
        prompts: now.prompt_keys().len(),
    })
}
