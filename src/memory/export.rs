//! Injections for use outside hoplens: as a control vector for llama.cpp and as a piece of Python.

mod control_vector;
mod python;

pub use control_vector::{ControlVector, Likeness, Side, control_vector};
pub use python::{Library, Script, python};

use crate::prompt::{Encoding, Injection, Scope};

/// An injection without its place in a file.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Recipe {
    /// The memory's text.
    pub memory: String,
    /// How the text becomes a vector.
    pub encoding: Encoding,
    /// The layer, from 0, to whose attention output the vector is added.
    pub layer: usize,
    /// Magnitude; negative suppresses.
    pub tau: f64,
    /// The positions it acts on.
    pub scope: Scope,
}

impl From<&Injection> for Recipe {
    fn from(injection: &Injection) -> Self {
        Self {
            memory: injection.memory.value.clone(),
            encoding: injection.encoding,
            layer: injection.layer.value,
            tau: injection.tau,
            scope: injection.scope.clone(),
        }
    }
}
