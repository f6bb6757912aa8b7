//! The analysis of one prompt file: the order of its steps is the same for the command line and the
//! server.

pub(crate) mod event;
pub(crate) mod request;
pub(crate) mod run;
pub(crate) mod step;
