//! safetensors files with named tensors and a JSON description.

use std::collections::HashMap;

use half::{bf16, f16};
use hoplens_runtime::Matrix;
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Why bytes are not a complete file of the expected kind.
#[derive(Debug)]
pub(super) struct DamagedTensors(pub(super) String);

/// The tensors of a file to write.
#[derive(Debug, Default)]
pub(super) struct TensorWriter {
    tensors: Vec<(String, Dtype, Vec<usize>, Vec<u8>)>,
}

impl TensorWriter {
    /// Adds a tensor.
    pub(super) fn push(&mut self, name: impl Into<String>, shape: &[usize], values: &[f32]) {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes());
        self.tensors
            .push((name.into(), Dtype::F32, shape.to_vec(), bytes.collect()));
    }

    /// Adds matrices of equal shapes as one tensor `[matrices, rows, cols]`, in f16.
    pub(super) fn push_matrices(&mut self, name: &str, matrices: &[&Matrix]) {
        let first = matrices.first();
        let shape = first.map_or([0; 3], |first| [matrices.len(), first.rows, first.cols]);
        let values = matrices.iter().flat_map(|matrix| &matrix.data);
        let bytes = values.flat_map(|value| f16::from_f32(*value).to_le_bytes());
        self.tensors
            .push((name.into(), Dtype::F16, shape.to_vec(), bytes.collect()));
    }

    /// Returns the bytes of the file; `about` is stored as JSON under the metadata key `kind`.
    ///
    /// # Errors
    /// [`DamagedTensors`] if something cannot be serialized.
    pub(super) fn bytes(
        &self,
        kind: &str,
        about: &impl Serialize,
    ) -> Result<Vec<u8>, DamagedTensors> {
        let about = serde_json::to_string(about).map_err(damaged)?;
        // One entry only: the order of several entries varies from run to run, and equal trainings
        // must produce identical bytes.
        let metadata = HashMap::from([(kind.to_owned(), about)]);
        let views = self
            .tensors
            .iter()
            .map(|(name, dtype, shape, bytes)| {
                let view = TensorView::new(*dtype, shape.clone(), bytes).map_err(damaged)?;
                Ok((name.as_str(), view))
            })
            .collect::<Result<Vec<_>, DamagedTensors>>()?;
        safetensors::serialize(views, Some(metadata)).map_err(damaged)
    }
}

/// A file that is read.
pub(super) struct TensorReader<'a> {
    tensors: SafeTensors<'a>,
    about: String,
}

impl<'a> TensorReader<'a> {
    /// Reads a file with the metadata key `kind`.
    ///
    /// # Errors
    /// [`DamagedTensors`].
    pub(super) fn new(bytes: &'a [u8], kind: &str) -> Result<Self, DamagedTensors> {
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(damaged)?;
        let metadata = header.metadata().clone().unwrap_or_default();
        let Some(about) = metadata.get(kind).cloned() else {
            return Err(DamagedTensors(format!("it has no metadata of a {kind}")));
        };
        Ok(Self {
            tensors: SafeTensors::deserialize(bytes).map_err(damaged)?,
            about,
        })
    }

    /// Reads a file that another program wrote, without a description.
    ///
    /// # Errors
    /// [`DamagedTensors`].
    pub(super) fn of_any_kind(bytes: &'a [u8]) -> Result<Self, DamagedTensors> {
        Ok(Self {
            tensors: SafeTensors::deserialize(bytes).map_err(damaged)?,
            about: String::new(),
        })
    }

    /// Returns the description.
    ///
    /// # Errors
    /// [`DamagedTensors`].
    pub(super) fn about<T: DeserializeOwned>(&self) -> Result<T, DamagedTensors> {
        serde_json::from_str(&self.about).map_err(damaged)
    }

    /// Reads the values of a tensor into `values`, whose length it must have.
    ///
    /// # Errors
    /// [`DamagedTensors`].
    pub(super) fn fill(&self, name: &str, values: &mut [f32]) -> Result<(), DamagedTensors> {
        let view = self.tensors.tensor(name).map_err(damaged)?;
        let (chunks, rest) = view.data().as_chunks::<4>();
        if view.dtype() != Dtype::F32 || !rest.is_empty() || chunks.len() != values.len() {
            return Err(DamagedTensors(format!(
                "{name} holds {} values of {:?}, not {} of F32",
                chunks.len(),
                view.dtype(),
                values.len()
            )));
        }
        for (value, bytes) in values.iter_mut().zip(chunks) {
            *value = f32::from_le_bytes(*bytes);
        }
        check_finite(name, values)
    }

    /// Reads a tensor `[matrices, rows, cols]` in f32, f16 or bf16.
    ///
    /// # Errors
    /// [`DamagedTensors`], also if the tensor has another shape.
    pub(super) fn matrices(
        &self,
        name: &str,
        shape: [usize; 3],
    ) -> Result<Vec<Matrix>, DamagedTensors> {
        let view = self.tensors.tensor(name).map_err(damaged)?;
        if view.shape() != shape {
            return Err(DamagedTensors(format!(
                "{name} has the shape {:?}, not {shape:?}",
                view.shape()
            )));
        }
        let pairs = |decode: fn([u8; 2]) -> f32| {
            let (pairs, _) = view.data().as_chunks::<2>();
            pairs.iter().map(|bytes| decode(*bytes)).collect()
        };
        let values: Vec<f32> = match view.dtype() {
            Dtype::F16 => pairs(|bytes| f16::from_le_bytes(bytes).to_f32()),
            Dtype::BF16 => pairs(|bytes| bf16::from_le_bytes(bytes).to_f32()),
            Dtype::F32 => {
                let (quads, _) = view.data().as_chunks::<4>();
                quads
                    .iter()
                    .map(|bytes| f32::from_le_bytes(*bytes))
                    .collect()
            }
            other => {
                return Err(DamagedTensors(format!(
                    "{name} holds {other:?}, not F32, F16 or BF16"
                )));
            }
        };
        check_finite(name, &values)?;
        let [count, rows, cols] = shape;
        let matrix = |index: usize| Matrix {
            rows,
            cols,
            data: values[index * rows * cols..(index + 1) * rows * cols].to_vec(),
        };
        Ok((0..count).map(matrix).collect())
    }
}

fn check_finite(name: &str, values: &[f32]) -> Result<(), DamagedTensors> {
    if values.iter().all(|value| value.is_finite()) {
        Ok(())
    } else {
        Err(DamagedTensors(format!("{name} holds NaN or infinity")))
    }
}

fn damaged(error: impl std::fmt::Display) -> DamagedTensors {
    DamagedTensors(error.to_string())
}
