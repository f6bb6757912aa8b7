//! Work-done progress that the server begins itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tower_lsp_server::Client;
use tower_lsp_server::ls_types::ProgressToken;

use crate::server::state::State;

/// How far something is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Step {
    pub message: String,
    /// 0 to 100.
    pub percent: u32,
}

/// Shown until it is dropped.
#[derive(Debug, Clone)]
pub(super) struct Progress {
    steps: watch::Sender<Step>,
}

/// A client that does not agree to it within this gets none.
const PATIENCE: Duration = Duration::from_secs(5);
/// What takes less than this is not told of where that is not worth it.
const LATER: Duration = Duration::from_millis(700);
/// People do not read faster.
const PERIOD: Duration = Duration::from_millis(100);

impl Progress {
    /// Begins at once and returns; the client is dealt with in the background.
    pub(super) fn begin(state: &Arc<State>, title: String) -> Self {
        Self::begin_after(state, title, Duration::ZERO)
    }

    /// The same for a request; a token that came with it needs no asking.
    pub(super) fn begin_for(
        state: &Arc<State>,
        title: String,
        token: Option<ProgressToken>,
    ) -> Self {
        let Some(token) = token else {
            return Self::begin(state, title);
        };
        let (steps, seen) = watch::channel(Step::default());
        let client = state.client.clone();
        tokio::spawn(async move { tell(&client, token, title, seen).await });
        Self { steps }
    }

    /// The same for what is often over before anybody could read of it.
    pub(super) fn begin_later(state: &Arc<State>, title: String) -> Self {
        Self::begin_after(state, title, LATER)
    }

    fn begin_after(state: &Arc<State>, title: String, delay: Duration) -> Self {
        let (steps, seen) = watch::channel(Step::default());
        if state.can().progress {
            let state = Arc::clone(state);
            tokio::spawn(async move {
                let mut until_over = seen.clone();
                let over = async { while until_over.changed().await.is_ok() {} };
                if delay.is_zero() || tokio::time::timeout(delay, over).await.is_err() {
                    show(&state, title, seen).await;
                }
            });
        }
        Self { steps }
    }

    pub(super) fn report(&self, step: Step) {
        // Nobody listens where the client shows no progress.
        self.steps.send_if_modified(|last| {
            let is_new = *last != step;
            *last = step;
            is_new
        });
    }
}

async fn show(state: &State, title: String, steps: watch::Receiver<Step>) {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let token = ProgressToken::String(format!("hoplens-{number}"));
    let created = state.client.create_work_done_progress(token.clone());
    match tokio::time::timeout(PATIENCE, created).await {
        Ok(Ok(())) => {}
        Ok(Err(_)) | Err(_) => return,
    }
    tell(&state.client, token, title, steps).await;
}

async fn tell(
    client: &Client,
    token: ProgressToken,
    title: String,
    mut steps: watch::Receiver<Step>,
) {
    let shown = client.progress(token, title).with_percentage(0);
    let shown = shown.begin().await;
    let step = steps.borrow_and_update().clone();
    if step != Step::default() {
        shown.report_with_message(step.message, step.percent).await;
    }
    while steps.changed().await.is_ok() {
        let step = steps.borrow_and_update().clone();
        shown.report_with_message(step.message, step.percent).await;
        tokio::time::sleep(PERIOD).await;
    }
    shown.finish().await;
}
