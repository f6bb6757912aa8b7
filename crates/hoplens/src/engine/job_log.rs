//! Logs how long each job waited and how long it ran.

use std::time::Instant;

use tracing::Span;

use crate::engine::queue::Priority;
use hoplens_runtime::CancelToken;

/// The log record of one job, written within the span of the code that submitted it.
pub(super) struct JobLog {
    span: Span,
    submitted: Instant,
    priority: Priority,
    cancel: CancelToken,
}

impl JobLog {
    /// Starts the record of a job at the moment of its submission.
    pub(super) fn start(priority: Priority, cancel: &CancelToken) -> Self {
        Self {
            span: Span::current(),
            submitted: Instant::now(),
            priority,
            cancel: cancel.clone(),
        }
    }

    /// Runs the job and logs its begin and its end.
    pub(super) fn run<T>(self, work: impl FnOnce() -> T) -> T {
        let _entered = self.span.enter();
        let (priority, begun) = (self.priority, Instant::now());
        tracing::trace!(?priority, "a model job begins");
        let result = work();
        tracing::debug!(
            ?priority,
            waited = ?begun.duration_since(self.submitted),
            took = ?begun.elapsed(),
            cancelled = self.cancel.is_cancelled(),
            "a model job ended"
        );
        result
    }
}
