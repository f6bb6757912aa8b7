//! hoplens: what a transformer does with the prompt that is being written.
//!
//! This crate is the engine thread, the language server and the command line; `ARCHITECTURE.md`
//! has the map of the crates below it.

pub mod engine;

pub mod settings;

mod reply_line;

pub mod server;

pub mod cli;
