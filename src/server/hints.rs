//! Asking the client to ask for inlay hints again.

use std::sync::Arc;
use std::time::Duration;

use super::state::State;

/// At most two a second.
const PERIOD: Duration = Duration::from_millis(500);
/// A client that does not answer is asked again after this.
const PATIENCE: Duration = Duration::from_secs(5);

/// Sends a refresh after every change of hints; changes in quick succession share one.
pub(super) async fn refresh(state: Arc<State>) {
    loop {
        state.hints.notified().await;
        if !state.can().refresh_hints || state.lifecycle.is_shutting_down() {
            continue;
        }
        let asked = tokio::time::timeout(PATIENCE, state.client.inlay_hint_refresh()).await;
        if let Ok(Err(error)) = asked {
            tracing::debug!(%error, "the client did not refresh its inlay hints");
        }
        tokio::time::sleep(PERIOD).await;
    }
}
