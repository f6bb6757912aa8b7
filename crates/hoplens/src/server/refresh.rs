//! Asks the client to request inlay hints and code lenses again.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tower_lsp_server::jsonrpc::Result;

use crate::server::session_handle::SessionHandle;

/// The minimum time between two refresh requests of the same kind.
const PERIOD: Duration = Duration::from_millis(500);
/// If a client does not answer a refresh request in this time, it gets the next one anyway.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Signals that inlay hints or code lenses have changed.
#[derive(Debug, Default)]
pub(super) struct Refresh {
    hints: Notify,
    lenses: Notify,
}

impl Refresh {
    /// Signals that findings changed, which inlay hints and code lenses show.
    pub(super) fn all(&self) {
        self.hints.notify_one();
        self.lenses.notify_one();
    }

    /// Signals that repairs changed, which only code lenses show.
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

/// Sends `request` after each signal of `changed`, if the client supports it.
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
