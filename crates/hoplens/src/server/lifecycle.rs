//! The end of the session, from `shutdown` to the end of the process.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

/// How long responses may still take to be sent after `exit`.
const GRACE: Duration = Duration::from_millis(200);
/// How long requests may still take once the input has ended.
const DRAIN: Duration = Duration::from_secs(5);

/// How a client ends the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ShutdownSignal {
    /// The request `shutdown`.
    Shutdown,
    /// The notification `exit`.
    Exit,
    /// No message: the input ended.
    InputEnded,
}

/// Whether and how the session ends. Signals, so that the end is noticed even while everything
/// else waits for the client.
#[derive(Debug, Default)]
pub(super) struct Lifecycle {
    shutdown: AtomicBool,
    received_shutdown: AtomicBool,
    ending: Notify,
    input_ended: Notify,
}

impl Lifecycle {
    /// Handles the request `shutdown`: from now on nothing new begins and nothing is sent.
    pub(super) fn begin_shutdown(&self) {
        self.shutdown.store(true, Ordering::SeqCst);
    }

    /// Returns whether the client has requested `shutdown`.
    pub(super) fn is_shutting_down(&self) -> bool {
        self.shutdown.load(Ordering::SeqCst)
    }

    /// Handles the end of the session as soon as it is read from the input, though messages before
    /// it may still wait: a client that does not read holds all of them up.
    pub(super) fn on_signal(&self, signal: ShutdownSignal) {
        match signal {
            ShutdownSignal::Shutdown => self.received_shutdown.store(true, Ordering::SeqCst),
            ShutdownSignal::Exit => self.end(),
            ShutdownSignal::InputEnded => self.input_ended.notify_one(),
        }
    }

    /// Ends the session: `exit` was received, or the client is gone.
    pub(super) fn end(&self) {
        self.ending.notify_one();
    }

    /// Returns shortly after [`Lifecycle::end`], whatever else still waits: a client that does not
    /// read must not keep the process alive.
    pub(super) async fn ended(&self) {
        tokio::select! {
            () = self.ending.notified() => tokio::time::sleep(GRACE).await,
            () = self.input_ended.notified() => tokio::time::sleep(DRAIN).await,
        }
    }

    /// Returns 0 after a proper shutdown, else 1, as the protocol demands.
    pub(super) fn exit_code(&self) -> i32 {
        let is_proper = self.is_shutting_down() || self.received_shutdown.load(Ordering::SeqCst);
        i32::from(!is_proper)
    }
}
