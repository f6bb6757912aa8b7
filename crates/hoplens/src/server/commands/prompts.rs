//! Having the model look at prompts, and ending that.

use std::sync::Arc;

use serde_json::{Value, json};
use tower_lsp_server::jsonrpc::{Error, Result};

use crate::server::analysis;
use crate::server::analysis::Cause;
use crate::server::key::Key;
use crate::server::state::State;

/// The prompts that an argument names: one by its URI, or all.
fn named(state: &State, argument: &Value) -> Result<Vec<Key>> {
    let uri = match argument {
        Value::Null => return Ok(state.prompts.keys()),
        Value::Object(map) if !map.contains_key("uri") => return Ok(state.prompts.keys()),
        Value::Object(map) => map.get("uri").and_then(Value::as_str),
        other => other.as_str(),
    };
    let key = uri
        .and_then(|uri| uri.parse().ok())
        .map(|uri| Key::of(&uri));
    let key = key.filter(|key| state.prompts.contains(key));
    key.map(|key| vec![key]).ok_or_else(|| {
        Error::invalid_params(format!(
            "{argument} does not name an open prompt by its URI"
        ))
    })
}

/// Has the model look, whatever the settings say; what it finds comes as diagnostics.
pub(super) fn measure(state: &Arc<State>, argument: &Value) -> Result<Value> {
    for key in named(state, argument)? {
        analysis::look(state, &key, Cause::Asked, &[]);
    }
    Ok(Value::Null)
}

/// Ends what the model does for prompts; says for how many.
pub(super) fn cancel(state: &Arc<State>, argument: &Value) -> Result<Value> {
    let keys = named(state, argument)?;
    let ended = keys.iter().filter(|key| state.prompts.stop(key)).count();
    for key in &keys {
        state.publish(key);
    }
    state.refresh.all();
    Ok(json!(ended))
}

/// The prompts that are open, and what the model does for each.
pub(super) fn documents(state: &State) -> Value {
    let known = |key: &Key| {
        let known = state.prompts.known(key)?;
        let findings = known.view.snapshot.findings.as_ref();
        Some(json!({
            "uri": known.view.prompt.uri,
            "cases": findings.map(|findings| findings.cases.len()),
            "pending": known.is_pending,
            "measuring": known.is_measuring,
        }))
    };
    state.prompts.keys().iter().filter_map(known).collect()
}
