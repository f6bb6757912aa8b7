//! Names that attention heads retrieve at a mention's end and at the prompt's end.

use crate::error::AnalysisError;
use hoplens_interp::ModelContext;
use hoplens_interp::lens::{Retrieval, retrieved};
use hoplens_runtime::{CancelToken, Model, Token};

use crate::hop::candidates::complete::begins_name;

/// How many heads are read at each of the two positions: those with the strongest output.
const HEADS: usize = 16;

/// How many tokens are read from each head.
const TOKENS_PER_HEAD: usize = 8;

/// Returns first tokens of names that the heads write at the last token of the mention, which ends
/// at byte `mention_end` of the prompt, and at the prompt's last token. Strongest first, at most
/// `most`.
///
/// # Errors
/// As [`Model::forward`].
pub(super) fn head_tokens(
    model: &Model,
    tokens: &[Token],
    mention_end: usize,
    most: usize,
    cancel: &CancelToken,
) -> Result<Vec<u32>, AnalysisError> {
    let last = tokens
        .iter()
        .rposition(|token| token.range.start < mention_end && !token.range.is_empty());
    let Some(last) = last else {
        return Ok(Vec::new());
    };
    let ids: Vec<u32> = tokens.iter().map(|token| token.id).collect();
    let retrieval = Retrieval {
        positions: &[last, ids.len() - 1],
        heads: HEADS,
        tokens_per_head: TOKENS_PER_HEAD,
    };
    let found = retrieved(ModelContext::new(model, cancel), &ids, retrieval)?;
    let mut best: Vec<(u32, f32)> = Vec::new();
    for (token, score) in found {
        let text = model.tokenizer.text(token);
        let large = text.trim_start().starts_with(char::is_uppercase);
        if !large || text.trim().chars().count() < 3 || !begins_name(&text) {
            continue;
        }
        match best.iter_mut().find(|(known, _)| *known == token) {
            Some((_, known)) => *known = known.max(score),
            None => best.push((token, score)),
        }
    }
    best.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    best.truncate(most);
    Ok(best.into_iter().map(|(token, _)| token).collect())
}
