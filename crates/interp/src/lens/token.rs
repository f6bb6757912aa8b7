//! The summary of one token: the likeliest next tokens, and the heads that contribute most.

use serde::Serialize;

use crate::context::ModelContext;
use crate::lens::heads::{attribute_logit, fill_top_tokens, trace_last};
use hoplens_runtime::{ModelError, PromptQuery, top_k};

/// Next tokens that are listed.
const NEXT_TOKENS: usize = 5;
/// Tokens of its unembed lens that are listed for each head.
const TOKENS_PER_HEAD: usize = 4;
/// Attended positions that are listed for each head.
const POSITIONS_PER_HEAD: usize = 2;

/// The summary of the last token of a prefix.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TokenLens {
    /// The likeliest next tokens and their probabilities, best first.
    pub next: Vec<(String, f64)>,
    /// The token whose logit is attributed to the heads.
    pub target: String,
    /// Its id.
    pub target_id: u32,
    /// The heads with the largest absolute contribution to that logit, largest first.
    pub heads: Vec<HeadSummary>,
}

/// One head, as text.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HeadSummary {
    /// Layer, from 0.
    pub layer: usize,
    /// Head, from 0.
    pub head: usize,
    /// Direct logit attribution to the target.
    pub direct_logit: f32,
    /// The top tokens of its unembed lens.
    pub retrieves: Vec<String>,
    /// The prompt's tokens with the highest attention, and that attention.
    pub attends: Vec<(String, f32)>,
}

/// Summarizes the last token of a prompt; `target` is the expected next token, by default the
/// likeliest one. `heads` is the number of heads to list.
///
/// # Errors
/// As [`hoplens_runtime::Model::forward`].
pub fn read_token(
    context: ModelContext<'_>,
    query: &PromptQuery,
    target: Option<u32>,
    heads: usize,
) -> Result<TokenLens, ModelError> {
    let model = context.model;
    let trace = trace_last(context, query)?;
    let next = top_k(trace.logits.row(0), NEXT_TOKENS);
    let target = target
        .or(next.first().map(|best| best.token))
        .unwrap_or_default();
    let mut strongest = attribute_logit(model, &trace, target).heads;
    strongest.sort_by(|a, b| b.direct_logit.abs().total_cmp(&a.direct_logit.abs()));
    let text = |token: u32| model.tokenizer.text(token);
    strongest.truncate(heads);
    fill_top_tokens(model, &trace, &mut strongest, TOKENS_PER_HEAD);
    let strongest = strongest.iter().map(|head| {
        let mut positions: Vec<usize> = (0..head.attention.len()).collect();
        positions.sort_by(|a, b| head.attention[*b].total_cmp(&head.attention[*a]));
        HeadSummary {
            layer: head.layer,
            head: head.head,
            direct_logit: head.direct_logit,
            retrieves: head.top.iter().map(|(token, _)| text(*token)).collect(),
            attends: positions
                .into_iter()
                .take(POSITIONS_PER_HEAD)
                .map(|position| (text(query.tokens[position].id), head.attention[position]))
                .collect(),
        }
    });
    Ok(TokenLens {
        heads: strongest.collect(),
        next: next
            .iter()
            .map(|ranked| (text(ranked.token), ranked.logp.exp()))
            .collect(),
        target: text(target),
        target_id: target,
    })
}
