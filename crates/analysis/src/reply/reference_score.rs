//! The score of a whole reply.

use std::ops::Range;

use serde::Serialize;

use crate::case::free_text::Reference;
use crate::case::query::{CaseQuery, interventions};
use crate::context::AnalysisContext;
use crate::error::AnalysisError;
use crate::hop::prompt_query::ask;
use hoplens_runtime::{Capture, Model, PromptQuery, Sequences, Token};

/// How probable a whole reply is, token by token, each given the tokens before it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ReferenceScore {
    /// The number of its tokens.
    pub tokens: usize,
    /// The mean of their natural log-probabilities.
    pub mean_logp: f64,
    /// The mean over the tokens of the marked part, if a part is marked.
    pub part_mean_logp: Option<f64>,
}

/// Returns the score of a case's reference reply behind its prompt, with the case's injections in
/// force; `None` if the reply has no tokens.
///
/// # Errors
/// The prompt and the reply together exceed the model's context; an injection that cannot be
/// placed.
pub(crate) fn reference_score(
    context: &AnalysisContext<'_>,
    query: &CaseQuery,
    reference: &Reference,
) -> Result<Option<ReferenceScore>, AnalysisError> {
    let AnalysisContext {
        model, settings, ..
    } = *context;
    let prompt = reference.prompt.as_str();
    let mut asked = PromptQuery::new(&model.tokenizer, prompt, settings.bos);
    asked.interventions = interventions(context.model_context(), &asked, &query.injections)?;
    let prompt_tokens = asked.tokens.len();
    let reply = reply_tokens(model, prompt, &reference.text);
    if reply.is_empty() || prompt_tokens == 0 {
        return Ok(None);
    }
    asked.tokens.extend(reply.iter().cloned());
    let capture = Capture {
        token_logps: Sequences::First,
        ..Capture::default()
    };
    let (_, trace) = ask(context, &[asked], capture)?;
    let logps = trace.token_logps.first().map_or(&[][..], Vec::as_slice);
    // The first token of a sequence has no log-probability.
    let logps = logps.get(prompt_tokens - 1..).unwrap_or_default();
    let offset = prompt.len();
    let in_part = |token: &Token, part: &Range<usize>| {
        token.range.start < offset + part.end && offset + part.start < token.range.end
    };
    let mean = |is_counted: &dyn Fn(&Token) -> bool| {
        let counted = reply
            .iter()
            .zip(logps)
            .filter(|(token, _)| is_counted(token));
        let (count, sum) = counted.fold((0_usize, 0.0), |(count, sum), (_, logp)| {
            (count + 1, sum + f64::from(*logp))
        });
        (0 < count).then(|| sum / count as f64)
    };
    let part = reference.part.as_ref();
    Ok(mean(&|_| true).map(|mean_logp| ReferenceScore {
        tokens: reply.len(),
        mean_logp,
        part_mean_logp: part.and_then(|part| mean(&|token| in_part(token, part))),
    }))
}

/// Returns the tokens of a reply that continues `prompt`, with their bytes of both texts together.
fn reply_tokens(model: &Model, prompt: &str, reply: &str) -> Vec<Token> {
    let mut end = prompt.len();
    let ids = model.tokenizer.continuation(reply).into_iter();
    ids.map(|id| {
        let start = end;
        end += model.tokenizer.bytes(id).len();
        Token {
            id,
            range: start..end,
        }
    })
    .collect()
}
