//! What the model does at one token: what it would write next, and its strongest heads.

use serde::Serialize;

use crate::lens::heads::{read_trace, retrieve, trace_last};
use crate::lens::run::Run;
use hoplens_runtime::{Cancel, Model, ModelError, top_k};

/// What the model does at the last token of a prefix.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TokenLens {
    /// The likeliest next tokens and their probabilities, best first.
    pub next: Vec<(String, f64)>,
    /// The token whose logit the heads are measured by.
    pub target: String,
    /// Its id.
    pub target_id: u32,
    /// The heads that move that logit most, strongest first.
    pub heads: Vec<HeadSummary>,
}

/// One head, in words.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HeadSummary {
    /// Layer, from 0.
    pub layer: usize,
    /// Head, from 0.
    pub head: usize,
    /// Direct logit contribution to the target.
    pub direct_logit: f32,
    /// What it retrieves: its unembed lens' top tokens.
    pub retrieves: Vec<String>,
    /// Where it looks: the prompt's tokens with the highest attention, and how much.
    pub attends: Vec<(String, f32)>,
}

/// Reads the last token of a run; `target` is the expected next token, the model's own
/// favourite where absent. `heads` is how many heads to name.
///
/// # Errors
/// As [`Model::forward`].
pub fn read_token<'a>(
    model: &Model,
    run: impl Into<Run<'a>>,
    target: Option<u32>,
    heads: usize,
    cancel: &Cancel,
) -> Result<TokenLens, ModelError> {
    let run = run.into();
    let tokens = run.tokens;
    let trace = trace_last(model, run, cancel)?;
    let next = top_k(trace.logits.row(0), 5);
    let target = target
        .or(next.first().map(|best| best.token))
        .unwrap_or_default();
    let mut strongest = read_trace(model, &trace, target).heads;
    strongest.sort_by(|a, b| b.direct_logit.abs().total_cmp(&a.direct_logit.abs()));
    let text = |token: u32| model.tokenizer.text(token);
    strongest.truncate(heads);
    retrieve(model, &trace, &mut strongest, 4);
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
                .take(2)
                .map(|position| (text(tokens[position]), head.attention[position]))
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
