//! `hoplens.server.inject`: writes an injection into a prompt, with its measured effect.

use serde_json::Value;
use tower_lsp_server::jsonrpc::{Error, Result};
use tower_lsp_server::ls_types as lsp;

use crate::server::commands::argument::write;
use crate::server::commands::cases::{RequestedCase, requested_case};
use crate::server::convert;
use crate::server::document_key::DocumentKey;
use crate::server::protocol::{CaseLocation, InjectParams, InjectResult};
use crate::server::requests::{failed, run_on_model};
use crate::server::session_handle::SessionHandle;
use hoplens_analysis::{AnalysisContext, try_injection};
use hoplens_ide::injection_edit;
use hoplens_interp::memory::{MemoryInjection, Placement};

/// Measures the injection, then asks the client to insert it. A client without
/// `workspace/applyEdit` receives the edit instead.
pub(super) async fn run(session: &SessionHandle, params: InjectParams) -> Result<Value> {
    let key = DocumentKey::of(&params.uri);
    let location = CaseLocation {
        uri: params.uri,
        position: params.position,
        case: params.case,
    };
    let RequestedCase { analyzed, case, .. } = requested_case(session, &location).await?;
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
    let query = case.query.clone();
    let settings = analyzed.session.analysis_settings(&analyzed.view);
    let tried = memory_injection.clone();
    let (before, after) = run_on_model(session, move |model, cancel, _| {
        let context = AnalysisContext::new(model, &settings, cancel);
        try_injection(&context, &query, &tried)
    })
    .await?;
    let view = &analyzed.view;
    if view.prompt.revision.is_some_and(|revision| {
        let newest = session.newest();
        let newest = newest.document(&key);
        newest.is_none_or(|newest| newest.revision != revision)
    }) {
        return Err(Error::content_modified());
    }
    // Without an expected answer, nothing was measured.
    let measured = (!case.query.expect.is_empty()).then_some((before.p, after.p));
    let edit = injection_edit(&view.snapshot, &case, &memory_injection, measured);
    let client = &analyzed.session.client;
    let edit = edit.and_then(|edit| convert::to_workspace_edit(view, &edit, client));
    let Some(edit) = edit else {
        return Err(failed(
            "neither the front matter nor the sidecar can take the injection; correct their YAML, \
             then try again",
        ));
    };
    let mut result = InjectResult {
        before: before.p,
        after: after.p,
        rank: after.rank,
        applied: client.apply_edit,
        edit: None,
    };
    if client.apply_edit {
        apply(session, edit);
    } else {
        result.edit = Some(edit);
    }
    write(result)
}

/// Asks the client to apply an edit, and shows a message if it does not.
fn apply(session: &SessionHandle, edit: lsp::WorkspaceEdit) {
    let client = session.client.clone();
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
