//! Injections for use outside hoplens: as a control vector for llama.cpp and as a piece of Python.

mod control_vector;
mod python;

pub use control_vector::{ControlVector, Likeness, Side, control_vector};
pub use python::{Library, Script, python};

use crate::memory::encoding::MemoryVector;
use crate::memory::error::MemoryError;
use crate::memory::head::encode_for;
use crate::memory::placement::Placement;
use hoplens_runtime::{BosPolicy, Cancel, Model};

/// An injection without its place in a file.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct MemoryInjection {
    /// The memory's text.
    pub memory: String,
    /// Where it goes, and how strongly.
    #[serde(flatten)]
    pub placement: Placement,
}

impl MemoryInjection {
    /// The memory's vector.
    ///
    /// # Errors
    /// As [`encode_for`].
    fn vector(
        &self,
        model: &Model,
        bos: BosPolicy,
        cancel: &Cancel,
    ) -> Result<MemoryVector, MemoryError> {
        let Placement { encoding, head, .. } = self.placement;
        encode_for(model, &self.memory, encoding, head, bos, cancel)
    }
}
