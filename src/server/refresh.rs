//! Asking the client to ask again for what it shows beside the text.

use std::sync::Arc;
use std::time::Duration;

use super::state::State;

/// At most two a second.
const PERIOD: Duration = Duration::from_millis(500);
/// A client that does not answer is asked again after this.
const PATIENCE: Duration = Duration::from_secs(5);

/// Sends refreshes after every change of inlay hints and code lenses; changes in quick succession
/// share one.
pub(super) async fn run(state: Arc<State>) {
    loop {
        state.refresh.notified().await;
        let can = state.can();
        if state.lifecycle.is_shutting_down() || !(can.refresh_hints || can.refresh_lenses) {
            continue;
        }
        let client = &state.client;
        let hints = async {
            match can.refresh_hints {
                true => client.inlay_hint_refresh().await,
                false => Ok(()),
            }
        };
        let lenses = async {
            match can.refresh_lenses {
                true => client.code_lens_refresh().await,
                false => Ok(()),
            }
        };
        let both = async { tokio::join!(hints, lenses) };
        if let Ok((hints, lenses)) = tokio::time::timeout(PATIENCE, both).await {
            for error in [hints, lenses].into_iter().filter_map(Result::err) {
                tracing::debug!(%error, "the client did not refresh what it shows");
            }
        }
        tokio::time::sleep(PERIOD).await;
    }
}
