//! The vector of a memory, and the two encodings that sum rows of a weight matrix: `embed` and
//! `unembed`. `encode.rs` has `layerwise`. Symbols are those of `docs/method.md`.

use std::sync::Arc;

use crate::memory::error::MemoryError;
use hoplens_injection::Encoding;
use hoplens_runtime::{BosPolicy, Model};

/// All settings that determine how the text of a memory becomes a vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryEncoding {
    /// The formula.
    pub encoding: Encoding,
    /// Restricts the vector to what this head of each layer, counted from 0, can write; `None`
    /// does not restrict it. See `docs/method.md`, "Memories and injections".
    pub head: Option<usize>,
    /// Whether BOS precedes the memory when the model reads it alone, as `layerwise` requires.
    pub bos: BosPolicy,
}

impl MemoryEncoding {
    /// Returns settings that do not restrict the vector to a head.
    pub const fn new(encoding: Encoding, bos: BosPolicy) -> Self {
        Self {
            encoding,
            head: None,
            bos,
        }
    }
}

/// The vector of a memory: one for all layers, or one for each layer.
#[derive(Debug, Clone)]
pub enum MemoryVector {
    /// The same vector for every layer: `[width]`.
    Everywhere(Arc<[f32]>),
    /// One vector for each layer: `[layers][width]`.
    PerLayer(Vec<Arc<[f32]>>),
}

impl MemoryVector {
    /// Returns the vector for a layer, which must exist in the model.
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

/// Returns Σ e_t over the set T of the text's token ids; e_t is the embedding of token t.
///
/// # Errors
/// [`MemoryError::NoTokens`] if the text has no tokens.
pub(super) fn embed(model: &Model, text: &str) -> Result<MemoryVector, MemoryError> {
    let ids = token_set(model, text)?;
    let sum = sum(ids.iter().map(|id| model.embedding(*id)), model.info.width);
    Ok(MemoryVector::Everywhere(sum.into()))
}

/// Returns Σ γ ⊙ (w_t − w̄) over the set T of the text's token ids; w_t is the unembedding row of
/// token t, w̄ the mean row, and γ the gain of the final norm.
///
/// # Errors
/// [`MemoryError::NoTokens`] if the text has no tokens.
pub(super) fn unembed(model: &Model, text: &str) -> Result<MemoryVector, MemoryError> {
    let ids = token_set(model, text)?;
    let mut sum = sum(
        ids.iter().map(|id| model.unembedding(*id)),
        model.info.width,
    );
    let mean = model.mean_unembedding();
    let count = ids.len() as f32;
    for ((value, mean), gain) in sum.iter_mut().zip(mean).zip(model.final_gain()) {
        *value = gain * (*value - count * mean);
    }
    Ok(MemoryVector::Everywhere(sum.into()))
}

/// Returns the set of the text's token ids, which is not empty.
///
/// # Errors
/// [`MemoryError::NoTokens`] if the text has no tokens.
fn token_set(model: &Model, text: &str) -> Result<Vec<u32>, MemoryError> {
    let mut ids = model.tokenizer.ids(text);
    if ids.is_empty() {
        return Err(MemoryError::NoTokens { text: text.into() });
    }
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

/// Returns the sum of vectors of `width` values.
fn sum(vectors: impl Iterator<Item = Vec<f32>>, width: usize) -> Vec<f32> {
    let mut total = vec![0.0; width];
    for vector in vectors {
        for (sum, value) in total.iter_mut().zip(vector) {
            *sum += value;
        }
    }
    total
}
