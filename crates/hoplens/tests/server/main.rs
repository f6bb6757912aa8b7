//! Tests of the real server, driven over its standard input and output as by an editor.
#![allow(
    clippy::print_stderr,
    reason = "figures and skipped tests are for people to see"
)]

mod client;
mod commands;
mod concerns;
mod deaf;
mod documents;
mod editor;
mod faults;
mod folders;
mod hostile;
mod lenses;
mod lifecycle;
mod logs;
mod model;
mod preview;
mod project;
mod protocol;
mod random;
mod requests;
mod scenario;
mod session_start;
mod sidecar;
mod slow;
mod smollm2;
mod statics;
mod structure;
mod sync;
mod template_names;
mod tiny;
mod unknown_model;
mod unsaved;
mod writing;
