//! The probes: the same question asked in several ways.

use std::ops::Range;

use serde::Serialize;

use super::explicit::substitute;
use super::subject::{Subject, answers, interventions};
use super::{HopError, Settings};
use crate::model::{Answer, Cancel, Hooks, Model, Token, Trace};

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

/// One token of a prompt and how likely it was.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TokenReading {
    /// Token id.
    pub id: u32,
    /// Its text; bytes that are no character are U+FFFD.
    pub text: String,
    /// Natural log-probability given what stands before, with the injections in force; absent
    /// for the first token.
    pub logp: Option<f64>,
    /// Bytes of the rendered prompt; empty for BOS.
    #[serde(skip)]
    pub range: Range<usize>,
}

/// Asks one prompt, with the interventions of `hooks` in force; what its capture keeps comes back
/// as well. Without an answer the model's own top token stands for it.
///
/// # Errors
/// As [`Model::score`].
pub(super) fn probe(
    model: &Model,
    prompt: &str,
    tokens: &[Token],
    answers: &[Answer],
    hooks: &Hooks,
    cancel: &Cancel,
) -> Result<(Probe, Trace), HopError> {
    let ids: Vec<u32> = tokens.iter().map(|token| token.id).collect();
    let (score, trace) = model.score(&ids, answers, hooks, cancel)?;
    let top = score
        .top
        .iter()
        .map(|ranked| TokenProbability {
            token: model.tokenizer.text(ranked.token),
            p: ranked.logp.exp(),
        })
        .collect();
    let probe = Probe {
        prompt: prompt.to_owned(),
        p: score.logp.exp(),
        logp: score.logp,
        logp_first: score.logp_first,
        rank: score.rank,
        top,
    };
    Ok((probe, trace))
}

/// Asks the prompt as written and with the bridge named, and reads its tokens.
///
/// # Errors
/// As [`Model::score`]; an injection that cannot be placed.
pub fn run_probes(
    model: &Model,
    subject: &Subject,
    settings: &Settings,
    cancel: &Cancel,
) -> Result<(Probes, Vec<TokenReading>), HopError> {
    let tokens = model.tokenizer.encode(&subject.prompt, settings.bos);
    let expected = answers(model, &subject.prompt, &subject.expect)?;
    let clean = Hooks::interventions(Vec::new());
    let mut hooks = Hooks::interventions(interventions(
        model,
        &subject.prompt,
        &tokens,
        &subject.injections,
        settings.bos,
        cancel,
    )?);
    hooks.capture.token_logps = true;
    let written = &subject.prompt;
    let (composed, trace) = probe(model, written, &tokens, &expected, &hooks, cancel)?;
    let without_injections = if hooks.interventions.is_empty() {
        None
    } else {
        Some(probe(model, written, &tokens, &expected, &clean, cancel)?.0)
    };
    let explicit = match subject.bridged() {
        Some((mention, bridge)) => {
            let prompt = substitute(written, mention.range.clone(), bridge);
            let tokens = model.tokenizer.encode(&prompt, settings.bos);
            Some(probe(model, &prompt, &tokens, &expected, &clean, cancel)?.0)
        }
        None => None,
    };
    let probes = Probes {
        composed,
        without_injections,
        explicit,
    };
    Ok((probes, readings(model, tokens, &trace)))
}

/// The tokens of a prompt with what a pass over it, or over it and an answer, found.
fn readings(model: &Model, tokens: Vec<Token>, trace: &Trace) -> Vec<TokenReading> {
    let logps = trace.token_logps.first().map_or(&[][..], Vec::as_slice);
    let reading = |(index, token): (usize, Token)| TokenReading {
        id: token.id,
        text: model.tokenizer.text(token.id),
        logp: index
            .checked_sub(1)
            .and_then(|before| logps.get(before))
            .map(|logp| f64::from(*logp)),
        range: token.range,
    };
    tokens.into_iter().enumerate().map(reading).collect()
}
