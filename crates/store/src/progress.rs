//! Progress reports of a fetch, and how the caller cancels it.

use crate::error::StoreError;
use crate::options::StoreOptions;

/// Receives the progress of a fetch, on the fetching thread.
pub trait FetchProgress: Send + Sync {
    /// `done` of `total` bytes of the file `what` have arrived.
    fn bytes(&self, what: &str, done: u64, total: Option<u64>);

    /// A message for the user, such as a source that failed or a wait.
    fn note(&self, text: &str);
}

/// Ignores progress.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoProgress;

impl FetchProgress for NoProgress {
    fn bytes(&self, _what: &str, _done: u64, _total: Option<u64>) {}
    fn note(&self, _text: &str) {}
}

/// Returns true once the fetch is to stop; called several times a second.
pub type CancelCheck<'a> = &'a (dyn Fn() -> bool + Sync);

/// What all steps of one fetch share.
#[derive(Clone, Copy)]
pub(super) struct FetchJob<'a> {
    /// The model's name in messages.
    pub name: &'a str,
    pub options: &'a StoreOptions,
    pub progress: &'a dyn FetchProgress,
    pub cancel: CancelCheck<'a>,
}

impl FetchJob<'_> {
    /// `Err(Cancelled)` once the caller cancels.
    pub fn check(&self) -> Result<(), StoreError> {
        if (self.cancel)() {
            return Err(StoreError::Cancelled {
                name: self.name.to_owned(),
            });
        }
        Ok(())
    }

    /// Sleeps for `time`, or until the caller cancels.
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
