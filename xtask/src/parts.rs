//! The parts of a run, one a file.

pub mod browser;
pub mod formats;
pub mod fuzz;
pub mod interop;
pub mod lint;
pub mod model;
pub mod nvim;
pub mod rust;
pub mod soak;
pub mod speed;
pub mod vscode;
