//! The resident model: one owner thread, a queue of jobs with priorities and cancellation.
//!
//! The model never leaves its thread, so nothing locks it. Asking is [`Engine::submit`]; the
//! answer arrives in a channel that can be awaited or blocked on.

mod account;
mod error;
mod fault;
mod queue;
mod status;
mod worker;

pub use error::EngineError;
pub use queue::Priority;
pub use status::ModelStatus;
pub use worker::{Answer, Engine};
