//! Telling the client how the model is.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::UnboundedReceiver;
use tower_lsp_server::ls_types::MessageType;
use tower_lsp_server::ls_types::notification::Notification;

use crate::engine::ModelStatus;
use crate::server::analysis;
use crate::server::analysis::Cause;
use crate::server::progress::Progress;
use crate::server::state::State;

/// `experimental/serverStatus`, as rust-analyzer defined it and other clients took it over.
#[derive(Debug)]
enum ServerStatus {}

impl Notification for ServerStatus {
    type Params = ServerStatusParams;
    const METHOD: &'static str = "experimental/serverStatus";
}

#[derive(Debug, Serialize, Deserialize)]
struct ServerStatusParams {
    /// `ok`, `warning` or `error`.
    health: String,
    /// Whether nothing is being fetched or read.
    quiescent: bool,
    message: String,
}

/// Passes on every change of the engine's state, and has prompts looked at once it is ready.
pub(super) async fn run(state: Arc<State>, mut changes: UnboundedReceiver<ModelStatus>) {
    let mut loading: Option<Progress> = None;
    while let Some(status) = changes.recv().await {
        loading = match &status {
            ModelStatus::Loading(what) => Some(Progress::begin(&state, format!("Loading {what}"))),
            _ => None,
        };
        // Before it is told, so that nothing is looked at twice that is opened because it was told.
        if matches!(status, ModelStatus::Ready(_)) {
            analysis::look_at_all(&state, Cause::NewModel);
        }
        if matches!(status, ModelStatus::Failed(_)) {
            state.publish_all();
        }
        tell(&state, &status).await;
    }
    drop(loading);
}

/// Says how the model is: in the log if it matters, and in the status if the client shows one.
pub(super) async fn tell(state: &State, status: &ModelStatus) {
    if state.lifecycle.is_shutting_down() {
        return;
    }
    let (health, quiescent, message) = match status {
        ModelStatus::Absent(reason) => ("warning", true, reason.clone()),
        ModelStatus::Loading(what) => ("ok", false, format!("loading {what}")),
        ModelStatus::Ready(info) => {
            let digest = info.sha256.get(..12).unwrap_or(&info.sha256);
            ("ok", true, format!("{} (sha256:{digest})", info.name))
        }
        ModelStatus::Failed(reason) => ("error", true, reason.clone()),
    };
    match status {
        ModelStatus::Absent(_) => {
            state
                .client
                .log_message(MessageType::WARNING, &message)
                .await;
        }
        ModelStatus::Failed(_) => {
            state
                .client
                .show_message(MessageType::ERROR, &message)
                .await;
        }
        ModelStatus::Loading(_) | ModelStatus::Ready(_) => {
            state.client.log_message(MessageType::INFO, &message).await;
        }
    }
    if state.can().server_status {
        let params = ServerStatusParams {
            health: health.to_owned(),
            quiescent,
            message,
        };
        state.client.send_notification::<ServerStatus>(params).await;
    }
}
