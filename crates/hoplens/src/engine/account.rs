//! A line in the log for each job: how long it waited and how long it took.

use std::time::Instant;

use tracing::Span;

use crate::engine::queue::Priority;
use hoplens_runtime::Cancel;

/// What is told of one job, within the span of whoever asked.
pub(super) struct Account {
    asker: Span,
    asked: Instant,
    priority: Priority,
    cancel: Cancel,
}

impl Account {
    pub(super) fn open(priority: Priority, cancel: &Cancel) -> Self {
        Self {
            asker: Span::current(),
            asked: Instant::now(),
            priority,
            cancel: cancel.clone(),
        }
    }

    pub(super) fn run<T>(self, work: impl FnOnce() -> T) -> T {
        let _inside = self.asker.enter();
        let (priority, begun) = (self.priority, Instant::now());
        tracing::trace!(?priority, "a model job begins");
        let result = work();
        tracing::debug!(
            ?priority,
            waited = ?begun.duration_since(self.asked),
            took = ?begun.elapsed(),
            cancelled = self.cancel.is_cancelled(),
            "a model job ended"
        );
        result
    }
}
