//! Weights from files, as f32, packed for the forward pass.

mod build;
mod control_vector;
mod gguf;
mod names;
mod safetensors;

use std::path::Path;

pub(crate) use build::{FileKind, build};
pub(crate) use gguf::GgufFile;
pub use names::{ModuleNames, module_names};
pub(crate) use safetensors::{SafetensorsFile, SafetensorsFolder};

use crate::error::ModelError;

/// A tensor read from a file and widened to f32.
#[derive(Debug)]
pub(crate) struct TensorData {
    /// Outermost dimension first.
    pub(crate) shape: Vec<usize>,
    pub(crate) data: Vec<f32>,
}

/// Where the tensors of a model come from.
pub(crate) trait TensorSource: Sync {
    /// The file that messages name.
    fn path(&self) -> &Path;

    /// Whether a tensor of this name exists.
    fn has(&self, name: &str) -> bool;

    /// Reads a tensor.
    ///
    /// # Errors
    /// The tensor is missing, of a type that cannot be widened, or lies outside the file.
    fn read(&self, name: &str) -> Result<TensorData, ModelError>;

    /// An error about one tensor.
    fn error(&self, name: &str, reason: impl Into<String>) -> ModelError
    where
        Self: Sized,
    {
        ModelError::Tensor {
            path: self.path().into(),
            name: name.into(),
            reason: reason.into(),
        }
    }
}

/// Maps a file into memory.
pub(crate) fn map(path: &Path) -> Result<memmap2::Mmap, ModelError> {
    let read = |source| ModelError::Read {
        path: path.into(),
        source,
    };
    let file = std::fs::File::open(path).map_err(read)?;
    #[expect(unsafe_code, reason = "memory maps are unsafe to create")]
    // SAFETY: the map is read only while a model loads. A file that another process shortens
    // meanwhile would end this one; the store replaces files by renaming, never in place.
    unsafe { memmap2::Mmap::map(&file) }.map_err(read)
}

/// The number of elements of a shape, if it can be counted.
pub(crate) fn element_count(shape: &[usize]) -> Option<usize> {
    shape
        .iter()
        .try_fold(1_usize, |count, dim| count.checked_mul(*dim))
}
