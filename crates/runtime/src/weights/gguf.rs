//! Tensors and metadata of a GGUF file.

mod cursor;
mod header;

use std::collections::HashMap;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use candle_core::Device;
use candle_core::quantized::GgmlDType;
use candle_core::quantized::ggml_file::qtensor_from_ggml;
use candle_core::quantized::gguf_file::Value;

use crate::error::ModelError;
use crate::error::first_line;
use crate::weights::gguf::header::{GgufHeader, TensorType};
use crate::weights::tensor_source::{TensorData, TensorSource, element_count, map_file};

/// A GGUF file with a valid header.
pub(crate) struct GgufFile<B = memmap2::Mmap> {
    path: PathBuf,
    bytes: B,
    header: GgufHeader,
}

impl GgufFile {
    /// Opens a GGUF file.
    ///
    /// # Errors
    /// [`ModelError::Read`], or [`ModelError::Damaged`] where the header is invalid.
    pub(crate) fn open(path: &Path) -> Result<Self, ModelError> {
        Self::new(path, map_file(path)?)
    }
}

impl<B: Deref<Target = [u8]>> GgufFile<B> {
    /// Reads the header of a file that is in memory; `path` is its name in messages.
    ///
    /// # Errors
    /// [`ModelError::Damaged`] where the header is invalid, [`ModelError::Tensor`] where a tensor is
    /// outside the file.
    pub(crate) fn new(path: &Path, bytes: B) -> Result<Self, ModelError> {
        let header = GgufHeader::read(&bytes).map_err(|reason| ModelError::Damaged {
            path: path.into(),
            reason,
        })?;
        let file = Self {
            path: path.into(),
            bytes,
            header,
        };
        for (name, info) in &file.header.tensors {
            // The type of a tensor that is never read does not matter.
            if matches!(info.kind, TensorType::Supported(_)) {
                file.extent(name)?;
            }
        }
        Ok(file)
    }

    /// The metadata entries.
    pub(crate) fn metadata(&self) -> &HashMap<String, Value> {
        &self.header.metadata
    }

    /// The shape of a tensor, outermost dimension first.
    pub(crate) fn shape(&self, name: &str) -> Option<&[usize]> {
        Some(&self.header.tensors.get(name)?.shape)
    }

    /// The tensors' names.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.header.tensors.keys().map(String::as_str)
    }

    /// The whole file, for its digest.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes, type and shape of a tensor.
    fn extent(&self, name: &str) -> Result<(&[u8], GgmlDType, &[usize]), ModelError> {
        let error = |reason: String| ModelError::Tensor {
            path: self.path.clone(),
            name: name.into(),
            reason,
        };
        let Some(info) = self.header.tensors.get(name) else {
            return Err(error("is missing".into()));
        };
        let kind = match info.kind {
            TensorType::Supported(kind) => kind,
            TensorType::Unsupported(kind) => {
                return Err(ModelError::Unsupported {
                    path: self.path.clone(),
                    found: format!("stores tensor '{name}' as {kind}"),
                    remedy: "Use an F32, F16, BF16, Q8_0, Q4_0, Q5_0 or K-quant (such as Q4_K_M) \
                             file of the same model"
                        .into(),
                });
            }
            TensorType::Unknown(number) => {
                return Err(error(format!("is of the unknown type {number}")));
            }
        };
        let block = kind.block_size();
        let row = info.shape.last().copied().unwrap_or(1);
        let size = element_count(&info.shape)
            .filter(|_| row.is_multiple_of(block))
            .and_then(|elements| (elements / block).checked_mul(kind.type_size()))
            .ok_or_else(|| error(format!("has the impossible shape {:?}", info.shape)))?;
        let bytes = self
            .header
            .data
            .checked_add(info.offset)
            .and_then(|start| usize::try_from(start).ok())
            .and_then(|start| self.bytes.get(start..start.checked_add(size)?))
            .ok_or_else(|| error("lies outside the file, which is cut short or damaged".into()))?;
        Ok((bytes, kind, &info.shape))
    }
}

impl<B: Deref<Target = [u8]> + Sync> TensorSource for GgufFile<B> {
    fn path(&self) -> &Path {
        &self.path
    }

    fn has(&self, name: &str) -> bool {
        self.header.tensors.contains_key(name)
    }

    fn read(&self, name: &str) -> Result<TensorData, ModelError> {
        let (bytes, kind, shape) = self.extent(name)?;
        // Copied because blocks must be aligned and a hostile file can place a tensor at any
        // offset. Allocators align a buffer of this size to 16 bytes or more; no block needs more
        // than 4.
        let aligned = bytes.to_vec();
        let data = qtensor_from_ggml(kind, &aligned, shape.to_vec(), &Device::Cpu)
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
        Ok(TensorData {
            shape: shape.to_vec(),
            data,
        })
    }
}
