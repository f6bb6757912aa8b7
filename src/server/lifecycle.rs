//! From shutdown to exit.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

/// How long answers may still take to leave after `exit`.
const GRACE: Duration = Duration::from_millis(200);

#[derive(Debug, Default)]
pub(super) struct Lifecycle {
    shutdown: AtomicBool,
    ending: Notify,
}

impl Lifecycle {
    /// `shutdown` was asked for: nothing new is begun or told.
    pub(super) fn begin_shutdown(&self) {
        self.shutdown.store(true, Ordering::SeqCst);
    }

    pub(super) fn is_shutting_down(&self) -> bool {
        self.shutdown.load(Ordering::SeqCst)
    }

    /// `exit` was received, or the client is gone.
    pub(super) fn end(&self) {
        self.ending.notify_one();
    }

    /// Returns a moment after [`Lifecycle::end`], however busy the rest is: a client that does
    /// not read must not keep the process alive.
    pub(super) async fn ended(&self) {
        self.ending.notified().await;
        tokio::time::sleep(GRACE).await;
    }

    /// 0 after a proper shutdown, else 1, as the protocol demands.
    pub(super) fn exit_code(&self) -> i32 {
        i32::from(!self.is_shutting_down())
    }
}
