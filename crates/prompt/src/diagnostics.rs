//! Problems of a prompt file, with their codes and severities.

pub mod code;
pub mod problem;
pub mod severity;
pub(crate) mod suggestion;
