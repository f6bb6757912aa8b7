//! The commands that begin, end and list analyses.

use serde_json::{Value, json};
use tokio::sync::oneshot;
use tower_lsp_server::jsonrpc::{Error, Result};

use crate::server::commands::argument::write;
use crate::server::document_key::DocumentKey;
use crate::server::event::{ClientEvent, Trigger};
use crate::server::protocol::PromptEntry;
use crate::server::requests::analyze;
use crate::server::session_handle::SessionHandle;

/// Returns the prompts that an argument names: one by its URI, or all.
async fn named(session: &SessionHandle, argument: &Value) -> Result<Vec<DocumentKey>> {
    let arrived = session.on_arrival().await?;
    let uri = match argument {
        Value::Null => return Ok(arrived.prompt_keys()),
        Value::Object(map) if !map.contains_key("uri") => return Ok(arrived.prompt_keys()),
        Value::Object(map) => map.get("uri").and_then(Value::as_str),
        other => other.as_str(),
    };
    let key = uri
        .and_then(|uri| uri.parse().ok())
        .map(|uri| DocumentKey::of(&uri));
    if let Some(key) = key
        && session.prompt_once_read(&key).await.1.is_some()
    {
        return Ok(vec![key]);
    }
    Err(Error::invalid_params(format!(
        "{argument} does not name an open prompt by its URI"
    )))
}

/// Analyzes prompts, regardless of the settings; the findings arrive as diagnostics.
pub(super) async fn measure(session: &SessionHandle, argument: &Value) -> Result<Value> {
    for key in named(session, argument).await? {
        analyze(session, &key, Trigger::Command).await?;
    }
    Ok(Value::Null)
}

/// Ends the analyses of prompts; returns how many were running.
pub(super) async fn cancel(session: &SessionHandle, argument: &Value) -> Result<Value> {
    let keys = named(session, argument).await?;
    let (reply, ended) = oneshot::channel();
    session.send(ClientEvent::CancelAnalyses { keys, reply });
    let ended = ended.await.map_err(|_| Error::internal_error())?;
    Ok(json!(ended))
}

/// Lists the open prompts, and what the model does for each.
pub(super) async fn documents(session: &SessionHandle) -> Result<Value> {
    let now = session.on_arrival().await?;
    let rows = now.prompts.values().filter_map(|prompt| {
        let view = prompt.current_view()?;
        let findings = view.snapshot.findings.as_ref();
        Some(PromptEntry {
            uri: view.prompt.uri.clone(),
            cases: findings.map(|findings| findings.cases.len()),
            pending: prompt.is_pending,
            measuring: prompt.is_measuring,
        })
    });
    write(rows.collect::<Vec<_>>())
}
