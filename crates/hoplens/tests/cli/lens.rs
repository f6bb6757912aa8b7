//! Tests the real binary's `lens` and its files.

mod command;
mod file;
mod fit;
