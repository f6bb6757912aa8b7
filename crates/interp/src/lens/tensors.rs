//! safetensors files with named tensors and a JSON description.

use std::collections::HashMap;

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
    tensors: Vec<(String, Vec<usize>, Vec<u8>)>,
}

impl TensorWriter {
    /// Adds a tensor.
    pub(super) fn push(&mut self, name: impl Into<String>, shape: &[usize], values: &[f32]) {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes());
        self.tensors
            .push((name.into(), shape.to_vec(), bytes.collect()));
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
            .map(|(name, shape, bytes)| {
                let view = TensorView::new(Dtype::F32, shape.clone(), bytes).map_err(damaged)?;
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
        if values.iter().all(|value| value.is_finite()) {
            Ok(())
        } else {
            Err(DamagedTensors(format!("{name} holds NaN or infinity")))
        }
    }
}

fn damaged(error: impl std::fmt::Display) -> DamagedTensors {
    DamagedTensors(error.to_string())
}
