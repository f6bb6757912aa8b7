//! Exports of injections: a control vector for llama.cpp, and Python scripts.

mod control_vector;
mod python;

pub use control_vector::{ControlVector, Likeness, Side, control_vector};
pub use python::{Library, Script, python};
