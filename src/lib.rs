//! hoplens: what a transformer does with the prompt that is being written.
//!
//! `ARCHITECTURE.md` has the map, the invariants and the way of the data. In one line:
//! text → [`prompt`] → a job for [`engine`] → [`hop`], [`lens`] and [`memory`] over [`model`]
//! → findings → [`ide`] → [`server`] or [`cli`].
//!
//! Each module below may use those above it in this list and none below it;
//! `tests/tidy.rs` holds that.

pub mod text;

pub mod prompt;

pub mod model;

pub mod lens;

pub mod memory;

pub mod hop;

pub mod eval;

pub mod engine;

pub mod ide;

mod show;

pub mod server;

pub mod cli;

#[doc(hidden)]
pub mod fuzzing;
