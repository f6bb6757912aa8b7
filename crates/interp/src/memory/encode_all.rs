//! Many memories at once.

use crate::memory::encoding::MemoryVector;
use crate::memory::encoding::{embed, unembed};
use crate::memory::error::MemoryError;
use crate::memory::head::project_onto_head;
use hoplens_injection::Encoding;
use hoplens_runtime::{BosPolicy, Cancel, Capture, Hooks, LayerTrace, Model, Positions};

/// Memories in one pass: enough for the matrix kernels, little enough memory.
const TEXTS: usize = 64;

/// [`super::encode_for`] for several memories, in their order. For `layerwise` they are the
/// sequences of a few passes.
///
/// # Errors
/// As [`super::encode`], for the first memory that has any; a head that does not exist.
pub fn encode_all(
    model: &Model,
    texts: &[&str],
    encoding: Encoding,
    head: Option<usize>,
    bos: BosPolicy,
    cancel: &Cancel,
) -> Result<Vec<MemoryVector>, MemoryError> {
    if let Some(head) = head {
        model.check_head(head)?;
    }
    let of_tokens = match encoding {
        Encoding::Embed => embed,
        Encoding::Unembed => unembed,
        Encoding::Layerwise => return layerwise(model, texts, head, bos, cancel),
    };
    let each = texts.iter().map(|text| of_tokens(model, text));
    let whole = each.collect::<Result<Vec<MemoryVector>, MemoryError>>()?;
    match head {
        Some(head) => project_onto_head(model, &whole, head),
        None => Ok(whole),
    }
}

/// Each layer's attention output, or the head's part of it, at the last position of each text
/// read alone.
fn layerwise(
    model: &Model,
    texts: &[&str],
    head: Option<usize>,
    bos: BosPolicy,
    cancel: &Cancel,
) -> Result<Vec<MemoryVector>, MemoryError> {
    let mut vectors = Vec::with_capacity(texts.len());
    for texts in texts.chunks(TEXTS) {
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
        let sequences: Vec<&[u32]> = sequences.iter().map(Vec::as_slice).collect();
        let hooks = Hooks::capture(Capture {
            attn_out: Positions::Last,
            z: if head.is_some() {
                Positions::Last
            } else {
                Positions::None
            },
            ..Capture::default()
        });
        let trace = model.forward(&sequences, &hooks, cancel)?;
        let of = |row: usize| {
            let layers = trace.layers.iter().enumerate();
            let vector = |(layer, kept): (usize, &LayerTrace)| match head {
                Some(head) => model.head_outputs(layer, kept.z.row(row)).row(head).into(),
                None => kept.attn_out.row(row).into(),
            };
            layers.map(vector).collect()
        };
        vectors.extend((0..texts.len()).map(|row| MemoryVector::PerLayer(of(row))));
    }
    Ok(vectors)
}
