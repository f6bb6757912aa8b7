//! How a fetch tells its caller how far it is, and how the caller stops it.

use crate::error::StoreError;
use crate::options::StoreOptions;

/// Told how far a fetch is. Knows nothing of terminals; called from the fetching thread.
pub trait FetchProgress: Send + Sync {
    /// `done` of `total` bytes of `what` (a file name) are here.
    fn bytes(&self, what: &str, done: u64, total: Option<u64>);

    /// One sentence for the user: a source that was passed over, a wait.
    fn note(&self, text: &str);
}

/// Says nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoProgress;

impl FetchProgress for NoProgress {
    fn bytes(&self, _what: &str, _done: u64, _total: Option<u64>) {}
    fn note(&self, _text: &str) {}
}

/// True once the fetch is no longer wanted; asked several times a second.
pub type CancelCheck<'a> = &'a (dyn Fn() -> bool + Sync);

/// What every step of one fetch needs to know.
#[derive(Clone, Copy)]
pub(super) struct FetchJob<'a> {
    /// The model's name in messages.
    pub name: &'a str,
    pub options: &'a StoreOptions,
    pub progress: &'a dyn FetchProgress,
    pub cancel: CancelCheck<'a>,
}

impl FetchJob<'_> {
    /// `Err(Cancelled)` once the caller has given up.
    pub fn check(&self) -> Result<(), StoreError> {
        if (self.cancel)() {
            return Err(StoreError::Cancelled {
                name: self.name.to_owned(),
            });
        }
        Ok(())
    }

    /// Sleeps, but wakes for a cancellation.
    pub fn wait(&self, time: std::time::Duration) -> Result<(), StoreError> {
        let slice = std::time::Duration::from_millis(50);
        let end = std::time::Instant::now() + time;
        loop {
            self.check()?;
            let left = end.saturating_duration_since(std::time::Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            std::thread::sleep(left.min(slice));
        }
    }
}
