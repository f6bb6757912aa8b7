//! Reports the model's state to the client.

use tokio::sync::mpsc::UnboundedReceiver;
use tower_lsp_server::ls_types::MessageType;
use tower_lsp_server::ls_types::notification::Notification;

use crate::engine::ModelStatus;
use crate::server::protocol::{ServerHealth, ServerStatusParams};
use crate::server::session_handle::SessionHandle;

/// `experimental/serverStatus`, which rust-analyzer defined and other servers adopted.
#[derive(Debug)]
enum ServerStatus {}

impl Notification for ServerStatus {
    type Params = ServerStatusParams;
    const METHOD: &'static str = "experimental/serverStatus";
}

/// Reports every state that arrives, in order.
pub(super) async fn run(handle: SessionHandle, mut states: UnboundedReceiver<ModelStatus>) {
    while let Some(status) = states.recv().await {
        if !handle.lifecycle.is_shutting_down() {
            report(&handle, &status).await;
        }
    }
}

async fn report(handle: &SessionHandle, status: &ModelStatus) {
    let client = &handle.client;
    let (health, quiescent, message) = match status {
        ModelStatus::Absent(reason) => (ServerHealth::Warning, true, reason.clone()),
        ModelStatus::Loading(what) => (ServerHealth::Ok, false, format!("loading {what}")),
        ModelStatus::Ready(info) => {
            let digest = info.sha256.get(..12).unwrap_or(&info.sha256);
            (
                ServerHealth::Ok,
                true,
                format!("{} (sha256:{digest})", info.name),
            )
        }
        ModelStatus::Failed(reason) => (ServerHealth::Error, true, reason.clone()),
    };
    match status {
        ModelStatus::Absent(_) => client.log_message(MessageType::WARNING, &message).await,
        ModelStatus::Failed(_) => client.show_message(MessageType::ERROR, &message).await,
        ModelStatus::Loading(_) | ModelStatus::Ready(_) => {
            client.log_message(MessageType::INFO, &message).await;
        }
    }
    if handle.newest().client.server_status {
        let params = ServerStatusParams {
            health,
            quiescent,
            message,
        };
        client.send_notification::<ServerStatus>(params).await;
    }
}
