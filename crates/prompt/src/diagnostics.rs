//! What is wrong with a prompt file: codes and severities.

pub mod code;
pub mod severity;
