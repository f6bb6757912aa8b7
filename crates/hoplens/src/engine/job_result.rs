//! The future result of a job.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::oneshot;

use crate::engine::error::EngineError;

/// The result of a submitted job; await it, or block on it with [`JobResult::wait`].
///
/// Dropping it does not cancel the job.
#[derive(Debug)]
pub struct JobResult<T> {
    receiver: oneshot::Receiver<Result<T, EngineError>>,
}

impl<T> JobResult<T> {
    pub(super) fn new(receiver: oneshot::Receiver<Result<T, EngineError>>) -> Self {
        Self { receiver }
    }

    /// Blocks the thread until the job ends; never call it in asynchronous code.
    ///
    /// # Errors
    /// The job has no result.
    pub fn wait(self) -> Result<T, EngineError> {
        self.receiver
            .blocking_recv()
            .unwrap_or(Err(EngineError::Closed))
    }
}

impl<T> Future for JobResult<T> {
    type Output = Result<T, EngineError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let received = Pin::new(&mut self.receiver).poll(context);
        received.map(|result| result.unwrap_or(Err(EngineError::Closed)))
    }
}
