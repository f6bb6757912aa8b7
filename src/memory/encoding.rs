//! The three encodings of a memory.

use std::sync::Arc;

use super::MemoryError;
use crate::model::{BosPolicy, Cancel, Capture, Hooks, Model, Positions};
use crate::prompt::Encoding;

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
    let mut ids = model.tokenizer.ids(text);
    if ids.is_empty() {
        return Err(MemoryError::NoTokens { text: text.into() });
    }
    match encoding {
        Encoding::Embed => {
            sort_to_set(&mut ids);
            let sum = sum(ids.iter().map(|id| model.embedding(*id)), model.info.width);
            Ok(MemoryVector::Everywhere(sum.into()))
        }
        Encoding::Unembed => {
            sort_to_set(&mut ids);
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
        Encoding::Layerwise => {
            let tokens: Vec<u32> = model
                .tokenizer
                .encode(text, bos)
                .iter()
                .map(|token| token.id)
                .collect();
            let hooks = Hooks::capture(Capture {
                attn_out: Positions::Last,
                ..Capture::default()
            });
            let trace = model.forward(&[&tokens], &hooks, cancel)?;
            let vectors = trace
                .layers
                .iter()
                .map(|layer| layer.attn_out.row(0).into())
                .collect();
            Ok(MemoryVector::PerLayer(vectors))
        }
    }
}

fn sort_to_set(ids: &mut Vec<u32>) {
    ids.sort_unstable();
    ids.dedup();
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
