//! Head read-outs and lenses: against plain loops, and by the real binary.

#[path = "../common/mod.rs"]
mod common;

mod ablation;
mod command;
mod file;
mod trained;
