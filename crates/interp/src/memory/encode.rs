//! Memories as vectors ("Memory Injections", arXiv 2309.05605, section 4).

use crate::context::ModelContext;
use crate::memory::encoding::{MemoryEncoding, MemoryVector, embed, unembed};
use crate::memory::error::MemoryError;
use crate::memory::head_projection::project_onto_head;
use hoplens_injection::Encoding;
use hoplens_runtime::{ActivationCache, Capture, Hooks, LayerActivations, Positions};

/// Memories that are read in one pass: enough to fill the matrix kernels, few enough to bound the
/// pass's memory.
const MEMORIES_PER_PASS: usize = 64;

/// Encodes a memory's text (paper section 4, equations 3 to 5).
///
/// With T the set of the text's token ids (a repeat counts once):
/// `embed`: Σ e_t; `unembed`: Σ γ ⊙ (w_t − w̄); `layerwise`: each layer's attention output at the
/// last position when the model reads the memory alone, after BOS where the policy asks for it.
///
/// For a head, the vector is restricted to what that head can write at each layer: for `embed` and
/// `unembed` it is the orthogonal projection on the rows of W_O^h, for `layerwise` the head's own
/// output r_h.
///
/// # Errors
/// [`MemoryError::NoTokens`]; a head that does not exist; for `layerwise` as
/// [`hoplens_runtime::Model::forward`].
pub fn encode(
    context: ModelContext<'_>,
    text: &str,
    encoding: MemoryEncoding,
) -> Result<MemoryVector, MemoryError> {
    let mut vectors = encode_all(context, &[text], encoding)?;
    vectors
        .pop()
        .ok_or_else(|| MemoryError::NoTokens { text: text.into() })
}

/// Encodes several memories as [`encode`] does, in their order. For `layerwise` they share a few
/// passes.
///
/// # Errors
/// As [`encode`], for the first memory that cannot be encoded.
pub fn encode_all(
    context: ModelContext<'_>,
    texts: &[&str],
    encoding: MemoryEncoding,
) -> Result<Vec<MemoryVector>, MemoryError> {
    let model = context.model;
    if let Some(head) = encoding.head {
        model.check_head(head)?;
    }
    let sum_of_rows = match encoding.encoding {
        Encoding::Embed => embed,
        Encoding::Unembed => unembed,
        Encoding::Layerwise => return layerwise(context, texts, encoding),
    };
    let each = texts.iter().map(|text| sum_of_rows(model, text));
    let whole = each.collect::<Result<Vec<MemoryVector>, MemoryError>>()?;
    match encoding.head {
        Some(head) => project_onto_head(model, &whole, head),
        None => Ok(whole),
    }
}

/// Returns each layer's attention output, or the head's part of it, at the last position of each
/// text when the model reads it alone.
fn layerwise(
    ModelContext { model, cancel }: ModelContext<'_>,
    texts: &[&str],
    MemoryEncoding { head, bos, .. }: MemoryEncoding,
) -> Result<Vec<MemoryVector>, MemoryError> {
    let mut vectors = Vec::with_capacity(texts.len());
    let of_head = |row: usize, head: usize, trace: &ActivationCache| {
        let layers = trace.layers.iter().enumerate();
        let vector = |(layer, kept): (usize, &LayerActivations)| {
            model.head_outputs(layer, kept.z.row(row)).row(head).into()
        };
        MemoryVector::PerLayer(layers.map(vector).collect())
    };
    for texts in texts.chunks(MEMORIES_PER_PASS) {
        let mut sequences = Vec::with_capacity(texts.len());
        for text in texts {
            if model.tokenizer.ids(text).is_empty() {
                return Err(MemoryError::NoTokens {
                    text: (*text).into(),
                });
            }
            let tokens = model.tokenizer.encode(text, bos);
            sequences.push(tokens.iter().map(|token| token.id).collect::<Vec<u32>>());
        }
        let Some(head) = head else {
            let outputs = model.last_attn_outs(&sequences, cancel)?;
            vectors.extend(outputs.into_iter().map(MemoryVector::PerLayer));
            continue;
        };
        let sequences: Vec<&[u32]> = sequences.iter().map(Vec::as_slice).collect();
        let hooks = Hooks::capture(Capture {
            z: Positions::Last,
            ..Capture::default()
        });
        let trace = model.forward(&sequences, &hooks, cancel)?;
        vectors.extend((0..texts.len()).map(|row| of_head(row, head, &trace)));
    }
    Ok(vectors)
}
