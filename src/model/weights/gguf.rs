//! Tensors and metadata of a GGUF file.

use std::collections::HashMap;
use std::io::Cursor;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use candle_core::Device;
use candle_core::quantized::ggml_file::qtensor_from_ggml;
use candle_core::quantized::gguf_file::{Content, Value};

use super::{Array, Source, element_count, map};
use crate::model::ModelError;

/// A GGUF file whose header was read and checked.
pub(crate) struct GgufFile {
    path: PathBuf,
    bytes: memmap2::Mmap,
    content: Content,
}

impl GgufFile {
    /// Opens a GGUF file.
    ///
    /// # Errors
    /// [`ModelError::Read`], or [`ModelError::Damaged`] where the header is not one.
    pub(crate) fn open(path: &Path) -> Result<Self, ModelError> {
        let bytes = map(path)?;
        let damaged = |reason: String| ModelError::Damaged {
            path: path.into(),
            reason,
        };
        if !bytes.starts_with(b"GGUF") {
            return Err(damaged("it does not begin with 'GGUF'".into()));
        }
        if declares_no_alignment(&bytes) {
            return Err(damaged("it declares an alignment of 0 bytes".into()));
        }
        // The reader was hardened against hostile headers, but not by us.
        let content = catch_unwind(|| Content::read(&mut Cursor::new(&bytes[..])))
            .map_err(|_| damaged("its header makes the reader fail".into()))?
            .map_err(|error| damaged(first_line(&error)))?;
        let file = Self {
            path: path.into(),
            bytes,
            content,
        };
        for name in file.content.tensor_infos.keys() {
            file.extent(name)?;
        }
        Ok(file)
    }

    /// The metadata entries.
    pub(crate) fn metadata(&self) -> &HashMap<String, Value> {
        &self.content.metadata
    }

    /// The shape of a tensor, outermost dimension first.
    pub(crate) fn shape(&self, name: &str) -> Option<&[usize]> {
        Some(self.content.tensor_infos.get(name)?.shape.dims())
    }

    /// The whole file, for its digest.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes of a tensor.
    fn extent(&self, name: &str) -> Result<&[u8], ModelError> {
        let Some(info) = self.content.tensor_infos.get(name) else {
            return Err(self.error(name, "is missing"));
        };
        let block = info.ggml_dtype.block_size();
        let size = element_count(info.shape.dims())
            .filter(|elements| elements.is_multiple_of(block))
            .and_then(|elements| (elements / block).checked_mul(info.ggml_dtype.type_size()))
            .ok_or_else(|| {
                self.error(name, format!("has the impossible shape {:?}", info.shape))
            })?;
        let start =
            usize::try_from(self.content.tensor_data_offset.saturating_add(info.offset)).ok();
        start
            .and_then(|start| Some(start..start.checked_add(size)?))
            .and_then(|range| self.bytes.get(range))
            .ok_or_else(|| self.error(name, "lies outside the file, which is cut short or damaged"))
    }
}

impl Source for GgufFile {
    fn path(&self) -> &Path {
        &self.path
    }

    fn has(&self, name: &str) -> bool {
        self.content.tensor_infos.contains_key(name)
    }

    fn read(&self, name: &str) -> Result<Array, ModelError> {
        // Copied out of the map because blocks must be aligned, and a hostile file can put a
        // tensor at any offset.
        let bytes = self.extent(name)?.to_vec();
        let info = &self.content.tensor_infos[name];
        let shape = info.shape.dims().to_vec();
        let data = qtensor_from_ggml(info.ggml_dtype, &bytes, shape.clone(), &Device::Cpu)
            .and_then(|tensor| {
                tensor
                    .dequantize(&Device::Cpu)?
                    .flatten_all()?
                    .to_vec1::<f32>()
            })
            .map_err(|error| {
                self.error(
                    name,
                    format!("cannot be de-quantised: {}", first_line(&error)),
                )
            })?;
        Ok(Array { shape, data })
    }
}

/// Whether the header sets `general.alignment` to 0, which the reader would divide by.
fn declares_no_alignment(bytes: &[u8]) -> bool {
    const KEY: &[u8] = b"general.alignment";
    // Keys come before the tensors; honest ones fit many times.
    let head = &bytes[..bytes.len().min(1 << 24)];
    head.windows(KEY.len())
        .enumerate()
        .filter(|(_, window)| *window == KEY)
        .any(|(at, _)| {
            let value = &head[at + KEY.len()..];
            let kind = value.first().copied();
            let width = match kind {
                Some(0 | 1) => 1,
                Some(2 | 3) => 2,
                _ => 4,
            };
            value
                .get(4..4 + width)
                .is_some_and(|value| value.iter().all(|byte| *byte == 0))
        })
}

/// candle's errors carry a backtrace below their first line.
fn first_line(error: &candle_core::Error) -> String {
    error
        .to_string()
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned()
}
