//! The real server, driven over its standard input and output as an editor does.
#![allow(
    clippy::print_stderr,
    reason = "figures and skipped tests are for people to see"
)]

mod client;
mod commands;
mod concerns;
mod editor;
mod lenses;
mod lifecycle;
mod model;
mod project;
mod protocol;
mod scenario;
mod sidecar;
mod smollm2;
mod statics;
mod structure;
mod sync;
mod tiny;
mod unknown_model;
mod writing;
