//! What is wrong with a prompt file: codes, severities, and the problems themselves.

pub mod code;
pub mod problem;
pub mod severity;
