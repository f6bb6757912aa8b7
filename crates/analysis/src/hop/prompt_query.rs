//! Builds and runs prompt queries, which are prompts with their answers and interventions.

use crate::case::query::{CaseQuery, interventions};
use crate::context::AnalysisContext;
use crate::error::AnalysisError;
use crate::hop::probe::{Probe, TokenProbability};
use hoplens_runtime::{ActivationCache, Capture, Hooks, Model, PromptQuery, Reuse, Score};

/// Runs several prompts in one pass. Returns the probe of each with the index of its first sequence
/// in the activation cache, and the cache with what `capture` selects.
///
/// # Errors
/// As [`Model::score_all`].
pub(crate) fn ask(
    context: &AnalysisContext<'_>,
    queries: &[PromptQuery],
    capture: Capture,
) -> Result<(Vec<(Probe, usize)>, ActivationCache), AnalysisError> {
    let AnalysisContext { model, cancel, .. } = *context;
    let hooks = Hooks {
        reuse: Reuse::Keys,
        ..Hooks::capture(capture)
    };
    let (scores, trace) = model.score_all(queries, &hooks, cancel)?;
    let probes = queries
        .iter()
        .zip(scores)
        .map(|(query, (score, sequence))| (probe(model, &query.text, &score), sequence))
        .collect();
    Ok((probes, trace))
}

fn probe(model: &Model, prompt: &str, score: &Score) -> Probe {
    let top = score
        .top
        .iter()
        .map(|ranked| TokenProbability {
            token: model.tokenizer.text(ranked.token),
            p: ranked.logp.exp(),
        })
        .collect();
    Probe {
        prompt: prompt.to_owned(),
        p: score.logp.exp(),
        logp: score.logp,
        logp_first: score.logp_first,
        rank: score.rank,
        top,
    }
}

/// Returns `prompt` with the case's answers and its injections in force.
///
/// # Errors
/// An injection that cannot be placed, an answer without tokens.
pub(crate) fn asked(
    context: &AnalysisContext<'_>,
    query: &CaseQuery,
    prompt: String,
) -> Result<PromptQuery, AnalysisError> {
    let AnalysisContext {
        model, settings, ..
    } = *context;
    let answers = query.answers(model, &prompt)?;
    let mut asked = PromptQuery {
        answers,
        ..PromptQuery::new(&model.tokenizer, prompt, settings.bos)
    };
    asked.interventions = interventions(context.model_context(), &asked, &query.injections)?;
    Ok(asked)
}
