//! The vectors of a memory, and the encodings that sum its tokens' rows.

use std::sync::Arc;

use crate::memory::error::MemoryError;
use hoplens_injection::Encoding;
use hoplens_runtime::{BosPolicy, Model};

/// How a memory's text becomes a vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryEncoding {
    /// The encoding.
    pub encoding: Encoding,
    /// The head, from 0, on whose output the memory is projected at each layer; `None` for the
    /// whole layer.
    pub head: Option<usize>,
    /// Whether BOS precedes the memory where the model reads it alone (`layerwise`).
    pub bos: BosPolicy,
}

impl MemoryEncoding {
    /// An encoding for whole layers.
    pub const fn new(encoding: Encoding, bos: BosPolicy) -> Self {
        Self {
            encoding,
            head: None,
            bos,
        }
    }
}

/// A memory's vector: one for all layers, or one for each.
#[derive(Debug, Clone)]
pub enum MemoryVector {
    /// The same at every layer: `[width]`.
    Everywhere(Arc<[f32]>),
    /// One for each layer: `[layers][width]`.
    PerLayer(Vec<Arc<[f32]>>),
}

impl MemoryVector {
    /// The vector for a layer, which must exist.
    ///
    /// # Shapes
    /// → `[width]`.
    pub fn at(&self, layer: usize) -> &Arc<[f32]> {
        match self {
            Self::Everywhere(vector) => vector,
            Self::PerLayer(vectors) => &vectors[layer],
        }
    }
}

/// Returns Σ e_t over the set T of the text's token ids.
///
/// # Errors
/// [`MemoryError::NoTokens`].
pub(super) fn embed(model: &Model, text: &str) -> Result<MemoryVector, MemoryError> {
    let ids = token_set(model, text)?;
    let sum = sum(ids.iter().map(|id| model.embedding(*id)), model.info.width);
    Ok(MemoryVector::Everywhere(sum.into()))
}

/// Returns Σ γ ⊙ (w_t − w̄) over the set T of the text's token ids.
///
/// # Errors
/// [`MemoryError::NoTokens`].
pub(super) fn unembed(model: &Model, text: &str) -> Result<MemoryVector, MemoryError> {
    let ids = token_set(model, text)?;
    let mut sum = sum(
        ids.iter().map(|id| model.unembedding(*id)),
        model.info.width,
    );
    let mean = model.mean_unembedding();
    let count = ids.len() as f32;
    for ((value, mean), gain) in sum.iter_mut().zip(&mean).zip(model.final_gain()) {
        *value = gain * (*value - count * mean);
    }
    Ok(MemoryVector::Everywhere(sum.into()))
}

/// Returns the text's token ids, each once; never empty.
fn token_set(model: &Model, text: &str) -> Result<Vec<u32>, MemoryError> {
    let mut ids = model.tokenizer.ids(text);
    if ids.is_empty() {
        return Err(MemoryError::NoTokens { text: text.into() });
    }
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

fn sum(vectors: impl Iterator<Item = Vec<f32>>, width: usize) -> Vec<f32> {
    let mut total = vec![0.0; width];
    for vector in vectors {
        for (sum, value) in total.iter_mut().zip(vector) {
            *sum += value;
        }
    }
    total
}
