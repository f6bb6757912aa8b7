//! The resident model: one owner thread, a queue of jobs with priorities and cancellation.
//!
//! The model never leaves its thread, so nothing locks it. Asking is [`Engine::submit`]; the
//! answer arrives in a channel that can be awaited or blocked on.

mod account;
mod beside;
mod error;
mod fault;
mod project;
mod queue;
mod status;
mod worker;

pub use beside::{facts_of, whole_path};
pub use error::EngineError;
pub use project::{ProjectError, project_file, project_of, read_project};
pub use queue::Priority;
pub use status::ModelStatus;
pub use worker::{Answer, Engine};
