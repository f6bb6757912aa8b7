//! Writing an injection into a prompt, with what it does measured.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};
use tower_lsp_server::jsonrpc::{Error, Result};
use tower_lsp_server::ls_types as lsp;

use crate::server::asking::{ask_model, failed, look_first};
use crate::server::commands::sweep::{EncodingName, ScopeName};
use crate::server::commands::{Place, cases};
use crate::server::convert;
use crate::server::key::Key;
use crate::server::state::State;
use hoplens_analysis::{AnalysisContext, try_injection};
use hoplens_ide::injection_edit;
use hoplens_interp::memory::{MemoryInjection, Placement};

#[derive(Debug, Clone, Deserialize)]
pub(super) struct InjectParams {
    #[serde(flatten)]
    place: Place,
    memory: String,
    #[serde(default)]
    encoding: EncodingName,
    layer: usize,
    tau: f64,
    #[serde(default)]
    scope: ScopeName,
}

/// Measures the injection, then has the client insert it. A client that applies no edits of the
/// server's is given the edit instead.
pub(super) async fn run(state: &Arc<State>, params: InjectParams) -> Result<Value> {
    let key = Key::of(&params.place.uri);
    let seen = look_first(state, &key).await?;
    let index = cases::index(state, &seen, &params.place)?;
    let Some(case) = seen.findings.cases.get(index).cloned() else {
        return Err(failed("there is no such case"));
    };
    let memory_injection = MemoryInjection {
        memory: params.memory,
        placement: Placement {
            encoding: params.encoding.into(),
            layer: params.layer,
            tau: params.tau,
            scope: params.scope.into(),
            head: None,
        },
    };
    let (subject, settings) = (case.query.clone(), state.hop_settings(&key));
    let tried = memory_injection.clone();
    let (before, after) = ask_model(state, move |model, cancel, _| {
        let context = AnalysisContext::new(model, &settings, cancel);
        try_injection(&context, &subject, &tried)
    })
    .await?;
    let view = &seen.known.view;
    if view.prompt.revision.is_some_and(|revision| {
        let now = state.documents.get(&key);
        now.is_none_or(|now| now.revision != revision)
    }) {
        return Err(Error::content_modified());
    }
    // Without an answer nothing was measured that could be recorded.
    let measured = (!case.query.expect.is_empty()).then_some((before.p, after.p));
    let edit = injection_edit(&view.snapshot, &case, &memory_injection, measured);
    let can = state.can();
    let edit = edit.and_then(|edit| convert::to_workspace_edit(view, &edit, &can));
    let Some(edit) = edit else {
        return Err(failed(
            "neither the front matter nor the sidecar can take the injection; mend their YAML, \
             then try again",
        ));
    };
    let mut told = json!({"before": before.p, "after": after.p, "rank": after.rank});
    if can.apply_edit {
        told["applied"] = json!(true);
        apply(state, edit);
    } else {
        told["applied"] = json!(false);
        told["edit"] = json!(edit);
    }
    Ok(told)
}

/// Has the client apply an edit, and tells of it where it does not.
fn apply(state: &State, edit: lsp::WorkspaceEdit) {
    let client = state.client.clone();
    tokio::spawn(async move {
        let refused = match client.apply_edit(edit).await {
            Ok(answer) if answer.applied => None,
            Ok(answer) => Some(answer.failure_reason.unwrap_or_default()),
            Err(error) => Some(error.to_string()),
        };
        if let Some(reason) = refused {
            let message = format!("The injection was not inserted. {reason}");
            client
                .show_message(lsp::MessageType::WARNING, message.trim())
                .await;
        }
    });
}
