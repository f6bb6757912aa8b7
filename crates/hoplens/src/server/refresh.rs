//! Asking the client to ask again for what it shows beside the text.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tower_lsp_server::jsonrpc::Result;

use crate::server::state::State;

/// At most two a second of each kind.
const PERIOD: Duration = Duration::from_millis(500);
/// A client that does not answer is asked again after this.
const PATIENCE: Duration = Duration::from_secs(5);

/// What changed.
#[derive(Debug, Default)]
pub(super) struct Refresh {
    hints: Notify,
    lenses: Notify,
}

impl Refresh {
    /// Findings changed, and so both.
    pub(super) fn all(&self) {
        self.hints.notify_one();
        self.lenses.notify_one();
    }

    /// Only what is known of repairs.
    pub(super) fn lenses(&self) {
        self.lenses.notify_one();
    }
}

/// Sends a refresh after every change of inlay hints or code lenses; changes in quick succession
/// share one.
pub(super) async fn run(state: Arc<State>) {
    let can = || state.can();
    let client = &state.client;
    let hints = async {
        let wanted = || can().refresh_hints;
        each(&state, &state.refresh.hints, wanted, || {
            client.inlay_hint_refresh()
        })
        .await;
    };
    let lenses = async {
        let wanted = || can().refresh_lenses;
        each(&state, &state.refresh.lenses, wanted, || {
            client.code_lens_refresh()
        })
        .await;
    };
    tokio::join!(hints, lenses);
}

async fn each<F: Future<Output = Result<()>>>(
    state: &State,
    changed: &Notify,
    wanted: impl Fn() -> bool,
    refresh: impl Fn() -> F,
) {
    loop {
        changed.notified().await;
        if !wanted() || state.lifecycle.is_shutting_down() {
            continue;
        }
        let asked = tokio::time::timeout(PATIENCE, refresh()).await;
        if let Ok(Err(error)) = asked {
            tracing::debug!(%error, "the client did not refresh what it shows");
        }
        tokio::time::sleep(PERIOD).await;
    }
}
