//! What the absence of a segment is measured on: the expected answer, or the reply.

use crate::context::AnalysisContext;
use crate::error::AnalysisError;
use crate::influence::effect::InfluenceBaseline;
use hoplens_runtime::{
    ActivationCache, Capture, Hooks, Intervention, Matrix, ModelError, Positions, PromptQuery,
    Reuse, kl, top_k,
};

/// The most tokens of the reply that are compared.
const REPLY_TOKENS: usize = 16;

/// What is measured on a case.
#[derive(Debug)]
pub(crate) enum InfluenceTarget {
    /// The accepted answers, whose log-probability is this with the prompt as written.
    Answers { logp: f64 },
    /// The reply to the prompt as written.
    Reply(GreedyReply),
}

/// The first tokens of a greedy reply.
#[derive(Debug)]
pub(crate) struct GreedyReply {
    /// Its tokens, an end token included.
    tokens: Vec<u32>,
    /// The logits from which each token was chosen, `[tokens, vocab]`.
    logits: Matrix,
    /// Its text.
    text: String,
}

/// The effect on a target: Δ log p of the answers, or the mean divergence along the reply.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct TargetEffect {
    pub(crate) delta_logp: Option<f64>,
    pub(crate) kl: Option<f64>,
}

impl InfluenceTarget {
    /// Runs the prompt as written, which leaves its keys and values in the cache for the variants.
    ///
    /// # Errors
    /// As [`hoplens_runtime::Model::forward`].
    pub(crate) fn new(
        context: &AnalysisContext<'_>,
        written: &PromptQuery,
    ) -> Result<Self, AnalysisError> {
        if written.tokens.is_empty() {
            return Err(ModelError::EmptyPrompt.into());
        }
        if written.answers.is_empty() {
            return Ok(Self::Reply(greedy_reply(context, written)?));
        }
        let logps = answer_logps(context, std::slice::from_ref(written), Reuse::Keys)?;
        let logp = logps.first().copied().unwrap_or(f64::NAN);
        Ok(Self::Answers { logp })
    }

    /// Returns the number of tokens that are appended to each variant.
    pub(crate) fn appended(&self, query: &PromptQuery) -> usize {
        match self {
            Self::Answers { .. } => {
                let tokens = query.answers.iter().map(|answer| answer.ids.len() - 1);
                tokens.sum()
            }
            Self::Reply(reply) => reply.tokens.len().saturating_sub(1),
        }
    }

    /// Measures variants of a prompt in one pass. `written` is the prompt as written; the variants
    /// share its beginning.
    ///
    /// # Errors
    /// As [`hoplens_runtime::Model::forward`].
    pub(crate) fn measure(
        &self,
        context: &AnalysisContext<'_>,
        written: &PromptQuery,
        variants: &[PromptQuery],
    ) -> Result<Vec<TargetEffect>, AnalysisError> {
        let queries: Vec<PromptQuery> = [written].into_iter().chain(variants).cloned().collect();
        match self {
            Self::Answers { logp } => {
                let logps = answer_logps(context, &queries, Reuse::CachedKeys)?;
                let effect = |without: &f64| TargetEffect {
                    delta_logp: Some(without - logp),
                    kl: None,
                };
                Ok(logps[1..].iter().map(effect).collect())
            }
            Self::Reply(reply) => {
                let divergences = reply.divergences(context, &queries)?;
                let effect = |kl: &f64| TargetEffect {
                    delta_logp: None,
                    kl: Some(*kl),
                };
                Ok(divergences.iter().map(effect).collect())
            }
        }
    }

    /// Returns what a report says of the prompt as written.
    pub(crate) fn baseline(&self) -> InfluenceBaseline {
        match self {
            Self::Answers { logp } => InfluenceBaseline::Answer { logp: *logp },
            Self::Reply(reply) => InfluenceBaseline::Reply {
                text: reply.text.clone(),
            },
        }
    }
}

/// Returns the log-probability of the accepted answers of each query.
fn answer_logps(
    context: &AnalysisContext<'_>,
    queries: &[PromptQuery],
    reuse: Reuse,
) -> Result<Vec<f64>, AnalysisError> {
    let hooks = Hooks {
        reuse,
        ..Hooks::default()
    };
    let (scores, _) = context.model.score_all(queries, &hooks, context.cancel)?;
    Ok(scores.iter().map(|(score, _)| score.logp).collect())
}

/// Writes the first tokens of the greedy reply.
fn greedy_reply(
    context: &AnalysisContext<'_>,
    written: &PromptQuery,
) -> Result<GreedyReply, AnalysisError> {
    let model = context.model;
    let mut tokens = Vec::new();
    let mut logits = Matrix::zeros(0, model.config().vocab);
    let mut bytes = Vec::new();
    while tokens.len() < REPLY_TOKENS {
        let queries = std::slice::from_ref(written);
        let cache = forward(context, queries, &tokens, Reuse::Keys)?;
        let row = cache.logits.row(tokens.len());
        let Some(best) = top_k(row, 1).first().map(|best| best.token) else {
            break;
        };
        logits.data.extend(row);
        logits.rows += 1;
        tokens.push(best);
        if model.config().eos.contains(&best) {
            break;
        }
        bytes.extend(model.tokenizer.bytes(best));
        if written.tokens.len() + tokens.len() > model.config().context {
            break;
        }
    }
    Ok(GreedyReply {
        tokens,
        logits,
        text: String::from_utf8_lossy(&bytes).into_owned(),
    })
}

impl GreedyReply {
    /// Returns the mean divergence of each query but the first, which is the prompt as written.
    fn divergences(
        &self,
        context: &AnalysisContext<'_>,
        queries: &[PromptQuery],
    ) -> Result<Vec<f64>, AnalysisError> {
        let appended = &self.tokens[..self.tokens.len().saturating_sub(1)];
        let cache = forward(context, queries, appended, Reuse::CachedKeys)?;
        let count = self.tokens.len();
        let mean = |query: usize| {
            let rows = (0..count)
                .map(|row| kl(self.logits.row(row), cache.logits.row(query * count + row)));
            rows.sum::<f64>() / count.max(1) as f64
        };
        Ok((1..queries.len()).map(mean).collect())
    }
}

/// Runs the queries with `appended` behind each. The cache has the logits of the last position of
/// each prompt and of the appended tokens: `[queries × (1 + appended), vocab]`.
fn forward(
    context: &AnalysisContext<'_>,
    queries: &[PromptQuery],
    appended: &[u32],
    reuse: Reuse,
) -> Result<ActivationCache, AnalysisError> {
    let tokens: Vec<Vec<u32>> = queries
        .iter()
        .map(|query| [query.ids().as_slice(), appended].concat())
        .collect();
    let sequences: Vec<&[u32]> = tokens.iter().map(Vec::as_slice).collect();
    let starts = queries.iter().map(|query| query.tokens.len() - 1);
    let interventions = queries.iter().enumerate().flat_map(|(sequence, query)| {
        query.interventions.iter().map(move |change| Intervention {
            sequence: Some(sequence),
            ..change.clone()
        })
    });
    let hooks = Hooks {
        interventions: interventions.collect(),
        reuse,
        ..Hooks::capture(Capture {
            logits: Positions::From(starts.collect()),
            ..Capture::default()
        })
    };
    Ok(context.model.forward(&sequences, &hooks, context.cancel)?)
}
