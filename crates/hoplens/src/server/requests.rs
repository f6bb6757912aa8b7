//! What requests have in common that need the model.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout_at;
use tower_lsp_server::jsonrpc::{Error, ErrorCode, Result};

use crate::engine::{EngineError, Priority};
use crate::server::document_key::DocumentKey;
use crate::server::event::{ClientEvent, Trigger};
use crate::server::prompt_view::PromptView;
use crate::server::session_handle::SessionHandle;
use crate::server::snapshot::SessionSnapshot;
use hoplens_analysis::FileFindings;
use hoplens_runtime::{CancelToken, Model};

/// How long a command waits until the model has analyzed a prompt.
const TIMEOUT: Duration = Duration::from_mins(2);

/// Cancels work on the model when the request is cancelled, which drops its handler.
#[derive(Debug)]
pub(super) struct CancelOnDrop(Option<CancelToken>);

impl CancelOnDrop {
    /// Creates a token that is set on drop.
    pub(super) fn new() -> Self {
        Self(Some(CancelToken::new()))
    }

    /// Returns the token.
    pub(super) fn token(&self) -> CancelToken {
        self.0.clone().unwrap_or_default()
    }

    /// Lets the work continue after the request.
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

/// Returns the error `RequestFailed`: the request is valid, but its result cannot be had.
pub(super) fn failed(reason: impl Into<Cow<'static, str>>) -> Error {
    Error {
        code: ErrorCode::ServerError(-32803),
        message: reason.into(),
        data: None,
    }
}

/// Runs work on the model for which a person waits. The work regularly calls the function that it
/// receives; more urgent jobs run there.
///
/// # Errors
/// There is no model, or the work failed; with the reason.
pub(super) async fn run_on_model<T, E>(
    session: &SessionHandle,
    work: impl FnOnce(&Model, &CancelToken, &mut dyn FnMut()) -> std::result::Result<T, E>
    + Send
    + 'static,
) -> Result<T>
where
    T: Send + 'static,
    E: Into<EngineError>,
{
    let guard = CancelOnDrop::new();
    let engine = &session.engine;
    let result = engine.submit_long(Priority::Action, &guard.token(), work);
    result.await.map_err(|error| failed(error.to_string()))
}

/// A prompt with its findings.
pub(super) struct Analyzed {
    /// The session.
    pub session: Arc<SessionSnapshot>,
    /// The files of the prompt.
    pub view: Arc<PromptView>,
    /// The findings.
    pub findings: FileFindings,
}

/// Returns the findings of the newest text of a prompt; analyzes it first if nothing else does.
///
/// # Errors
/// The document is no open prompt, there is no model, or the analysis failed.
pub(super) async fn ensure_analyzed(
    session: &SessionHandle,
    key: &DocumentKey,
) -> Result<Analyzed> {
    let deadline = tokio::time::Instant::now() + TIMEOUT;
    // Events that were sent before the request are applied first.
    session.on_arrival().await?;
    let mut snapshots = session.snapshots.clone();
    // The run that was started here.
    let mut own_run = None;
    loop {
        let now = Arc::clone(&snapshots.borrow_and_update());
        let Some(prompt) = now.prompt(key) else {
            return Err(Error::invalid_params(format!(
                "{} is not an open prompt",
                key.name()
            )));
        };
        let view = prompt.current_view();
        if let Some(obstacle) = now.model.obstacle() {
            return Err(failed(format!("no model yet: {obstacle}")));
        }
        let is_applied = own_run.is_none_or(|run| run <= prompt.run);
        if let Some(view) = view.filter(|_| is_applied) {
            if let Some(findings) = view.snapshot.findings.clone() {
                return Ok(Analyzed {
                    session: Arc::clone(&now),
                    view: Arc::clone(view),
                    findings,
                });
            }
            if !prompt.is_pending {
                if own_run.is_some() {
                    return Err(failed("the model could not analyze this prompt"));
                }
                own_run = Some(analyze(session, key, Trigger::FindingsNeeded).await?);
                continue;
            }
        }
        if timeout_at(deadline, snapshots.changed()).await.is_err() {
            return Err(failed("the model has not analyzed this prompt in time"));
        }
    }
}

/// Begins an analysis; returns its number.
///
/// # Errors
/// The session has ended.
pub(super) async fn analyze(
    session: &SessionHandle,
    key: &DocumentKey,
    trigger: Trigger,
) -> Result<u64> {
    let (reply, number) = oneshot::channel();
    session.send(ClientEvent::Analyze {
        key: key.clone(),
        trigger,
        reply,
    });
    number.await.map_err(|_| Error::internal_error())
}
