//! The resident model: one owner thread, a queue of jobs with priorities and cancellation.
//!
//! The model never leaves its thread, so nothing locks it. [`Engine::submit`] queues a job; its
//! [`JobResult`] can be awaited or blocked on.

mod error;
mod job_log;
mod job_result;
mod queue;
mod status;
#[cfg(feature = "test-faults")]
mod test_faults;
mod worker;

pub use error::EngineError;
pub use job_result::JobResult;
pub use queue::Priority;
pub use status::ModelStatus;
pub use worker::Engine;
