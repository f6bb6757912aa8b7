//! The analysis of one prompt file: one order of steps for the command line and the server.

pub(crate) mod event;
pub(crate) mod request;
pub(crate) mod run;
pub(crate) mod step;
