//! Where the tensors of a model come from, and what is read of them.

use std::path::Path;

use crate::error::ModelError;

/// A tensor read from a file and converted to f32.
#[derive(Debug)]
pub(crate) struct TensorData {
    /// The dimensions, outermost first.
    pub(crate) shape: Vec<usize>,
    pub(crate) data: Vec<f32>,
}

/// The tensors of a model.
pub(crate) trait TensorSource: Sync {
    /// The file that messages name.
    fn path(&self) -> &Path;

    /// Whether a tensor of this name exists.
    fn has(&self, name: &str) -> bool;

    /// Reads a tensor.
    ///
    /// # Errors
    /// The tensor is missing, of a type that is not converted to f32, or outside the file.
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
///
/// # Errors
/// The file cannot be opened or mapped.
pub(crate) fn map_file(path: &Path) -> Result<memmap2::Mmap, ModelError> {
    let read = |source| ModelError::Read {
        path: path.into(),
        source,
    };
    let file = std::fs::File::open(path).map_err(read)?;
    #[expect(unsafe_code, reason = "memory maps are unsafe to create")]
    // SAFETY: the map is read only while a model loads. If another process shortens the file
    // meanwhile, this process ends; the store replaces files by renaming, never in place.
    unsafe { memmap2::Mmap::map(&file) }.map_err(read)
}

/// The number of elements of a shape; `None` where it overflows.
pub(crate) fn element_count(shape: &[usize]) -> Option<usize> {
    shape
        .iter()
        .try_fold(1_usize, |count, dim| count.checked_mul(*dim))
}
