//! Asking the model on behalf of a request.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use tower_lsp_server::jsonrpc::{Error, ErrorCode, Result};

use crate::engine::Priority;
use crate::server::analysis;
use crate::server::analysis::Cause;
use crate::server::key::Key;
use crate::server::prompts::Known;
use crate::server::state::State;
use hoplens_analysis::FileFindings;
use hoplens_ide::Snapshot;
use hoplens_runtime::{Cancel, Model};

/// How long a command waits for the model to look at a prompt first.
const PATIENCE: Duration = Duration::from_mins(2);

/// Ends the work when the request is cancelled, which drops its handler.
#[derive(Debug)]
pub(super) struct CancelOnDrop(Option<Cancel>);

impl CancelOnDrop {
    pub(super) fn new() -> Self {
        Self(Some(Cancel::new()))
    }

    /// The token that it sets.
    pub(super) fn token(&self) -> Cancel {
        self.0.clone().unwrap_or_default()
    }

    /// The work may go on.
    pub(super) fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        if let Some(cancel) = &self.0 {
            cancel.cancel();
        }
    }
}

/// `RequestFailed`: what was asked is right and cannot be had, with the reason.
pub(super) fn failed(reason: impl Into<Cow<'static, str>>) -> Error {
    Error {
        code: ErrorCode::ServerError(-32803),
        message: reason.into(),
        data: None,
    }
}

/// Has the model do something that a person waits for. The work is given a function to call now
/// and then, at which more urgent work is done.
///
/// # Errors
/// There is no model, or the work failed; says why.
pub(super) async fn ask_model<T, E>(
    state: &State,
    work: impl FnOnce(&Model, &Cancel, &mut dyn FnMut()) -> std::result::Result<T, E> + Send + 'static,
) -> Result<T>
where
    T: Send + 'static,
    E: std::error::Error + Send + 'static,
{
    let guard = CancelOnDrop::new();
    let answer = state
        .engine
        .submit_long(Priority::Action, &guard.token(), work);
    match answer.await {
        Ok(Ok(Ok(value))) => Ok(value),
        Ok(Ok(Err(error))) => Err(failed(error.to_string())),
        Ok(Err(error)) => Err(failed(error.to_string())),
        Err(_) => Err(failed("the model is being replaced; ask again in a moment")),
    }
}

/// A prompt and what the model said of it.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub known: Known,
    pub findings: FileFindings,
}

impl Seen {
    pub(super) fn snapshot(&self) -> &Snapshot {
        &self.known.view.snapshot
    }
}

/// What the model says of the newest text of a prompt; it is made to look if it would not.
///
/// # Errors
/// The document is no open prompt, there is no model, or it could not look at it.
pub(super) async fn look_first(state: &Arc<State>, key: &Key) -> Result<Seen> {
    let deadline = Instant::now() + PATIENCE;
    let mut changes = state.prompts.changes();
    let mut has_asked = false;
    loop {
        if !state.prompts.contains(key) {
            return Err(Error::invalid_params(format!(
                "{} is not an open prompt",
                key.name()
            )));
        }
        if let Some(obstacle) = state.engine.status().obstacle() {
            return Err(failed(format!("no model yet: {obstacle}")));
        }
        if let Some(known) = state.prompts.known(key) {
            if let Some(findings) = known.view.snapshot.findings.clone() {
                return Ok(Seen { known, findings });
            }
            if !known.is_pending {
                if has_asked {
                    return Err(failed("the model could not look at this prompt"));
                }
                has_asked = true;
                analysis::look(state, key, Cause::Wanted, &[]);
            }
        }
        if timeout_at(deadline, changes.changed()).await.is_err() {
            return Err(failed("the model has not looked at this prompt in time"));
        }
    }
}
