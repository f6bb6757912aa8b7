//! The probes: the same question asked in several ways.

use serde::Serialize;

use super::explicit::substitute;
use super::subject::{Subject, answers, interventions};
use super::{HopError, Settings};
use crate::model::Hooks;
use crate::model::{Answer, Cancel, Intervention, Model, Score, Token, top_k};

/// A token with its probability.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TokenProbability {
    /// The token's text; bytes that are no character are U+FFFD.
    pub token: String,
    /// Its probability.
    pub p: f64,
}

/// How probable the expected answer is after one prompt.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Probe {
    /// The prompt that was asked.
    pub prompt: String,
    /// Probability of the accepted answers, all their tokens counted.
    pub p: f64,
    /// Its natural logarithm.
    pub logp: f64,
    /// Natural log-probability of the answers' first tokens.
    pub logp_first: f64,
    /// How many tokens are more likely than the likeliest of those (0 = top).
    pub rank: usize,
    /// The likeliest next tokens, best first.
    pub top: Vec<TokenProbability>,
}

/// The probes of one case.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Probes {
    /// The prompt as written, with its injections in force.
    pub composed: Probe,
    /// The prompt as written, without them; absent where there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub without_injections: Option<Probe>,
    /// The mention replaced by the bridge; absent where no bridge is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explicit: Option<Probe>,
}

/// Asks one prompt.
///
/// # Errors
/// As [`Model::score`].
pub fn probe(
    model: &Model,
    prompt: &str,
    tokens: &[Token],
    answers: &[Answer],
    interventions: &[Intervention],
    cancel: &Cancel,
) -> Result<Probe, HopError> {
    let ids: Vec<u32> = tokens.iter().map(|token| token.id).collect();
    let score = if answers.is_empty() {
        unanswered(model, &ids, interventions, cancel)?
    } else {
        model.score(&ids, answers, interventions, cancel)?
    };
    let top = score
        .top
        .iter()
        .map(|ranked| TokenProbability {
            token: model.tokenizer.text(ranked.token),
            p: ranked.logp.exp(),
        })
        .collect();
    Ok(Probe {
        prompt: prompt.to_owned(),
        p: score.logp.exp(),
        logp: score.logp,
        logp_first: score.logp_first,
        rank: score.rank,
        top,
    })
}

/// Without an expected answer the model's own top token stands for it.
fn unanswered(
    model: &Model,
    ids: &[u32],
    interventions: &[Intervention],
    cancel: &Cancel,
) -> Result<Score, HopError> {
    let hooks = Hooks::interventions(interventions.to_vec());
    let trace = model.forward(&[ids], &hooks, cancel)?;
    let top = top_k(trace.logits.row(0), 10);
    let logp = top.first().map_or(f64::NEG_INFINITY, |best| best.logp);
    Ok(Score {
        logp,
        logp_first: logp,
        rank: 0,
        top,
    })
}

/// Asks the prompt as written and with the bridge named.
///
/// # Errors
/// As [`Model::score`]; an injection that cannot be placed.
pub fn run_probes(
    model: &Model,
    subject: &Subject,
    settings: &Settings,
    cancel: &Cancel,
) -> Result<Probes, HopError> {
    let tokens = model.tokenizer.encode(&subject.prompt, settings.bos);
    let expected = answers(model, &subject.prompt, &subject.expect)?;
    let ask = |prompt: &str, tokens: &[Token], changes: &[Intervention]| {
        probe(model, prompt, tokens, &expected, changes, cancel)
    };
    let changes = interventions(
        model,
        &subject.prompt,
        &tokens,
        &subject.injections,
        settings.bos,
        cancel,
    )?;
    let composed = ask(&subject.prompt, &tokens, &changes)?;
    let without_injections = if changes.is_empty() {
        None
    } else {
        Some(ask(&subject.prompt, &tokens, &[])?)
    };
    let explicit = match subject.bridged() {
        Some((mention, bridge)) => {
            let prompt = substitute(&subject.prompt, mention.range.clone(), bridge);
            let tokens = model.tokenizer.encode(&prompt, settings.bos);
            Some(ask(&prompt, &tokens, &[])?)
        }
        None => None,
    };
    Ok(Probes {
        composed,
        without_injections,
        explicit,
    })
}
