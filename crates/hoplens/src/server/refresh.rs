//! Asks the client to request hints and lenses again.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tower_lsp_server::jsonrpc::Result;

use crate::server::session_handle::SessionHandle;

/// Most often, each kind is refreshed once in this time.
const PERIOD: Duration = Duration::from_millis(500);
/// A client that does not answer is asked again after this time.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Signals what changed.
#[derive(Debug, Default)]
pub(super) struct Refresh {
    hints: Notify,
    lenses: Notify,
}

impl Refresh {
    /// Findings changed, and with them hints and lenses.
    pub(super) fn all(&self) {
        self.hints.notify_one();
        self.lenses.notify_one();
    }

    /// Repairs changed, and with them lenses.
    pub(super) fn lenses(&self) {
        self.lenses.notify_one();
    }
}

/// Sends a refresh request after every change of inlay hints or code lenses; changes in quick
/// succession share one.
pub(super) async fn run(handle: SessionHandle, refresh: Arc<Refresh>) {
    let client = &handle.client;
    let hints = async {
        let supported = || handle.newest().client.refresh_hints;
        let request = || client.inlay_hint_refresh();
        repeat(&handle, &refresh.hints, supported, request).await;
    };
    let lenses = async {
        let supported = || handle.newest().client.refresh_lenses;
        let request = || client.code_lens_refresh();
        repeat(&handle, &refresh.lenses, supported, request).await;
    };
    tokio::join!(hints, lenses);
}

async fn repeat<F: Future<Output = Result<()>>>(
    handle: &SessionHandle,
    changed: &Notify,
    is_supported: impl Fn() -> bool,
    request: impl Fn() -> F,
) {
    loop {
        changed.notified().await;
        if !is_supported() || handle.lifecycle.is_shutting_down() {
            continue;
        }
        if let Ok(Err(error)) = tokio::time::timeout(TIMEOUT, request()).await {
            tracing::debug!(%error, "the client did not refresh");
        }
        tokio::time::sleep(PERIOD).await;
    }
}
