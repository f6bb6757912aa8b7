//! A Jacobian lens, and its file.

use sha2::{Digest, Sha256};

use crate::lens::jacobian::about::{JacobianAbout, JacobianSource};
use crate::lens::jacobian::error::JacobianError;
use crate::lens::jacobian::layer_map::LayerMap;
use crate::lens::jacobian::singular::truncate;
use crate::lens::tensors::{TensorReader, TensorWriter};
use hoplens_runtime::{Matrix, Model};
use hoplens_store::hex;
use rayon::prelude::*;

/// The metadata key that marks the file.
const KIND: &str = "hoplens Jacobian lens";
/// The tensors of a file: every matrix J[out, in], or its factors.
const FULL: &str = "J";
const LEFT: &str = "left";
const RIGHT: &str = "right";

/// The Jacobians of one model.
#[derive(Debug, Clone, PartialEq)]
pub struct JacobianLens {
    /// The provenance.
    pub about: JacobianAbout,
    /// One map for each layer but the last one, whose Jacobian is the identity.
    maps: Vec<LayerMap>,
}

impl JacobianLens {
    /// Truncates the Jacobians to `about.rank` and rounds them to f16, as the file stores them.
    ///
    /// # Shapes
    /// `jacobians`: for each layer but the last one `[width, width]`.
    ///
    /// # Errors
    /// [`JacobianError::NotFinite`].
    pub(super) fn new(about: JacobianAbout, jacobians: &[Matrix]) -> Result<Self, JacobianError> {
        let maps: Vec<LayerMap> = jacobians
            .par_iter()
            .map(|jacobian| truncate(jacobian, about.rank).rounded())
            .collect();
        match maps.iter().position(|map| !map.is_finite()) {
            Some(layer) => Err(JacobianError::NotFinite { layer }),
            None => Ok(Self { about, maps }),
        }
    }

    /// Reads the tensor `J` of a safetensors file that another program wrote: `J[l][out, in]` for
    /// each layer but the last one. Such a file does not name its model; only its shape is checked.
    ///
    /// # Errors
    /// [`JacobianError::Damaged`], also where the shape is not this model's.
    pub fn import(bytes: &[u8], model: &Model, rank: usize) -> Result<Self, JacobianError> {
        let width = model.info.width;
        let reader = TensorReader::of_any_kind(bytes)?;
        let jacobians = reader.matrices(FULL, [model.info.layers - 1, width, width])?;
        let about = JacobianAbout {
            hoplens: env!("CARGO_PKG_VERSION").into(),
            model: model.info.clone(),
            rank: rank.clamp(1, width),
            source: JacobianSource::Imported {
                sha256: hex(&Sha256::digest(bytes)),
            },
        };
        Self::new(about, &jacobians)
    }

    /// Returns the lens as the bytes of a safetensors file, with its provenance in the metadata.
    ///
    /// # Errors
    /// [`JacobianError::Damaged`] if the lens cannot be serialized.
    pub fn to_bytes(&self) -> Result<Vec<u8>, JacobianError> {
        let mut tensors = TensorWriter::default();
        let mut push = |name, part: &dyn Fn(&LayerMap) -> Option<&Matrix>| {
            let parts: Vec<&Matrix> = self.maps.iter().filter_map(part).collect();
            if !parts.is_empty() {
                tensors.push_matrices(name, &parts);
            }
        };
        push(FULL, &|map| match map {
            LayerMap::Full(map) => Some(map),
            LayerMap::Factors { .. } => None,
        });
        push(LEFT, &|map| match map {
            LayerMap::Factors { left, .. } => Some(left),
            LayerMap::Full(_) => None,
        });
        push(RIGHT, &|map| match map {
            LayerMap::Factors { right, .. } => Some(right),
            LayerMap::Full(_) => None,
        });
        Ok(tensors.bytes(KIND, &self.about)?)
    }

    /// Reads a lens of this model.
    ///
    /// # Errors
    /// [`JacobianError::Damaged`]; [`JacobianError::OtherModel`] if the models' digests differ.
    pub fn from_bytes(bytes: &[u8], model: &Model) -> Result<Self, JacobianError> {
        let reader = TensorReader::new(bytes, KIND)?;
        let about: JacobianAbout = reader.about()?;
        if about.model.sha256 != model.info.sha256 {
            return Err(JacobianError::OtherModel {
                theirs: about.model.name,
                their_digest: about.model.sha256,
                ours: model.info.name.clone(),
                our_digest: model.info.sha256.clone(),
            });
        }
        let (layers, width, rank) = (model.info.layers - 1, model.info.width, about.rank);
        if rank == 0 || rank > width {
            return Err(JacobianError::Damaged(format!(
                "its rank of {rank} is not between 1 and the model's width of {width}"
            )));
        }
        let maps = if rank == width {
            let maps = reader.matrices(FULL, [layers, width, width])?;
            maps.into_iter().map(LayerMap::Full).collect()
        } else {
            let left = reader.matrices(LEFT, [layers, width, rank])?;
            let right = reader.matrices(RIGHT, [layers, rank, width])?;
            let factors = left.into_iter().zip(right);
            factors
                .map(|(left, right)| LayerMap::Factors { left, right })
                .collect()
        };
        Ok(Self { about, maps })
    }

    /// J_l·h for each row h; the row itself after the last block.
    ///
    /// # Shapes
    /// `residuals`: `[n, width]` → `[n, width]`.
    pub fn apply(&self, layer: usize, residuals: &Matrix) -> Matrix {
        match self.maps.get(layer) {
            Some(map) => map.apply(residuals),
            None => residuals.clone(),
        }
    }

    /// J_lᵀ·u for each row u: the direction of the residual after block `layer` that moves the
    /// final one along u.
    ///
    /// # Shapes
    /// `directions`: `[n, width]` → `[n, width]`.
    pub fn apply_transposed(&self, layer: usize, directions: &Matrix) -> Matrix {
        match self.maps.get(layer) {
            Some(map) => map.apply_transposed(directions),
            None => directions.clone(),
        }
    }
}
