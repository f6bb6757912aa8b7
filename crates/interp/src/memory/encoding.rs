//! The three encodings of a memory.

use std::sync::Arc;

use crate::memory::error::MemoryError;
use crate::memory::head::encode_for;
use hoplens_injection::Encoding;
use hoplens_runtime::{BosPolicy, Cancel, Model};

/// A memory's vector, one for all layers or one for each.
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

/// Encodes a memory's text (paper section 4, equations 3 to 5).
///
/// With T the set of the text's token ids (a repeat counts once):
/// `embed`: Σ e_t; `unembed`: Σ γ ⊙ (w_t − w̄); `layerwise`: each layer's attention output at the
/// last position when the model reads the memory alone, after BOS where `bos` asks for it.
///
/// # Errors
/// [`MemoryError::NoTokens`], or the model's own errors for `layerwise`.
pub fn encode(
    model: &Model,
    text: &str,
    encoding: Encoding,
    bos: BosPolicy,
    cancel: &Cancel,
) -> Result<MemoryVector, MemoryError> {
    encode_for(model, text, encoding, None, bos, cancel)
}

/// Σ e_t over T.
///
/// # Errors
/// [`MemoryError::NoTokens`].
pub(super) fn embed(model: &Model, text: &str) -> Result<MemoryVector, MemoryError> {
    let ids = token_set(model, text)?;
    let sum = sum(ids.iter().map(|id| model.embedding(*id)), model.info.width);
    Ok(MemoryVector::Everywhere(sum.into()))
}

/// Σ γ ⊙ (w_t − w̄) over T.
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

/// The text's token ids, each once; never empty.
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
