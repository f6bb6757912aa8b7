//! From shutdown to exit.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

/// How long answers may still take to leave after `exit`.
const GRACE: Duration = Duration::from_millis(200);
/// How long what was asked may still take once the input ended.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a client says at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Farewell {
    /// The request `shutdown`.
    Shutdown,
    /// The notification `exit`.
    Exit,
    /// Nothing: the input ended.
    HungUp,
}

#[derive(Debug, Default)]
pub(super) struct Lifecycle {
    shutdown: AtomicBool,
    heard_shutdown: AtomicBool,
    ending: Notify,
    hung_up: Notify,
}

impl Lifecycle {
    /// `shutdown` was asked for: nothing new is begun or told.
    pub(super) fn begin_shutdown(&self) {
        self.shutdown.store(true, Ordering::SeqCst);
    }

    pub(super) fn is_shutting_down(&self) -> bool {
        self.shutdown.load(Ordering::SeqCst)
    }

    /// Hears what was read from the input, though messages before it may still wait for their
    /// turn: a client that does not read what it is sent holds all of them up.
    pub(super) fn hear(&self, farewell: Farewell) {
        match farewell {
            Farewell::Shutdown => self.heard_shutdown.store(true, Ordering::SeqCst),
            Farewell::Exit => self.end(),
            Farewell::HungUp => self.hung_up.notify_one(),
        }
    }

    /// `exit` was received, or the client is gone.
    pub(super) fn end(&self) {
        self.ending.notify_one();
    }

    /// Returns a moment after [`Lifecycle::end`], however busy the rest is: a client that does
    /// not read must not keep the process alive.
    pub(super) async fn ended(&self) {
        tokio::select! {
            () = self.ending.notified() => tokio::time::sleep(GRACE).await,
            () = self.hung_up.notified() => tokio::time::sleep(PATIENCE).await,
        }
    }

    /// 0 after a proper shutdown, else 1, as the protocol demands.
    pub(super) fn exit_code(&self) -> i32 {
        let is_proper = self.is_shutting_down() || self.heard_shutdown.load(Ordering::SeqCst);
        i32::from(!is_proper)
    }
}
