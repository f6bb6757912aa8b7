//! `hoplens lens` and its files, through the real binary.

mod command;
mod file;
