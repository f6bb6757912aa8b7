//! Tests the command line through the real binary.

mod bad_input;
mod check;
mod control;
mod eval;
mod export;
mod generate;
mod influence;
mod lens;
mod lint;
mod models;
mod smollm2;
mod snapshots;
