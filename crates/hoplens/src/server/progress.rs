//! Work-done progress.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tower_lsp_server::Client;
use tower_lsp_server::ls_types::ProgressToken;

use crate::server::session_handle::SessionHandle;

/// The state of long work.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ProgressStep {
    /// The state in words.
    pub message: String,
    /// The percentage, 0 to 100.
    pub percent: u32,
}

/// Long work whose progress the client shows until this is dropped.
#[derive(Debug, Clone)]
pub(super) struct WorkProgress {
    steps: watch::Sender<ProgressStep>,
}

/// A client that does not accept the progress within this time gets none.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Work that takes less than this is not shown by [`WorkProgress::begin_later`].
const DELAY: Duration = Duration::from_millis(700);
/// The shortest time between two steps; people do not read faster.
const PERIOD: Duration = Duration::from_millis(100);

impl WorkProgress {
    /// Shows the work at once, in the background.
    pub(super) fn begin(handle: &SessionHandle, title: String) -> Self {
        Self::begin_after(handle, title, Duration::ZERO)
    }

    /// Shows the work of a request; with the token of the request if it has one.
    pub(super) fn begin_for(
        handle: &SessionHandle,
        title: String,
        token: Option<ProgressToken>,
    ) -> Self {
        let Some(token) = token else {
            return Self::begin(handle, title);
        };
        let (steps, seen) = watch::channel(ProgressStep::default());
        let client = handle.client.clone();
        tokio::spawn(async move { send_steps(&client, token, title, seen).await });
        Self { steps }
    }

    /// Shows the work only if it takes a while.
    pub(super) fn begin_later(handle: &SessionHandle, title: String) -> Self {
        Self::begin_after(handle, title, DELAY)
    }

    fn begin_after(handle: &SessionHandle, title: String, delay: Duration) -> Self {
        let (steps, seen) = watch::channel(ProgressStep::default());
        if handle.newest().client.progress {
            let handle = handle.clone();
            tokio::spawn(async move {
                let mut until_over = seen.clone();
                let over = async { while until_over.changed().await.is_ok() {} };
                if delay.is_zero() || tokio::time::timeout(delay, over).await.is_err() {
                    show(&handle, title, seen).await;
                }
            });
        }
        Self { steps }
    }

    /// Shows a new state.
    pub(super) fn report(&self, step: ProgressStep) {
        // Nobody receives it if the client shows no progress.
        self.steps.send_if_modified(|last| {
            let is_new = *last != step;
            *last = step;
            is_new
        });
    }
}

async fn show(handle: &SessionHandle, title: String, steps: watch::Receiver<ProgressStep>) {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let token = ProgressToken::String(format!("hoplens-{number}"));
    let created = handle.client.create_work_done_progress(token.clone());
    match tokio::time::timeout(TIMEOUT, created).await {
        Ok(Ok(())) => {}
        Ok(Err(_)) | Err(_) => return,
    }
    send_steps(&handle.client, token, title, steps).await;
}

async fn send_steps(
    client: &Client,
    token: ProgressToken,
    title: String,
    mut steps: watch::Receiver<ProgressStep>,
) {
    let shown = client.progress(token, title).with_percentage(0);
    let shown = shown.begin().await;
    let step = steps.borrow_and_update().clone();
    if step != ProgressStep::default() {
        shown.report_with_message(step.message, step.percent).await;
    }
    while steps.changed().await.is_ok() {
        let step = steps.borrow_and_update().clone();
        shown.report_with_message(step.message, step.percent).await;
        tokio::time::sleep(PERIOD).await;
    }
    shown.finish().await;
}
