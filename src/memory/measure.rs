//! Variants of one prompt, measured in as few passes as fit.

use serde::Serialize;

use super::MemoryError;
use crate::model::{
    BosPolicy, Cancel, Fork, Hooks, Intervention, Model, ModelError, Reuse, Token, log_softmax_at,
    rank_of,
};

/// Rows of variants in one pass: enough for the matrix kernels, little enough memory, and soon
/// done, so that whoever listens to the progress can do something else in between.
const ROWS: usize = 256;

/// Variants in one pass however long the prompt is: where the clean run is too long to be
/// remembered each pass repeats it.
const LEAST: usize = 4;

/// The prompt that is measured and what it should continue with.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The rendered prompt.
    pub text: &'a str,
    /// Its tokens.
    pub tokens: &'a [Token],
    /// Distinct first tokens of the accepted answers; not empty.
    pub first_tokens: &'a [u32],
    /// Whether BOS stands before memories that are read alone.
    pub bos: BosPolicy,
    /// What is in force already, in the baseline and in every cell.
    pub interventions: &'a [Intervention],
}

/// How likely the accepted answers begin after a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Reading {
    /// Log of the summed probabilities of the answers' first tokens; NaN (`null` in JSON) where
    /// an injection made the logits overflow.
    pub logp_first: f64,
    /// How many tokens are more likely than the likeliest of them (0 = top); the vocabulary's size
    /// where the logits overflowed.
    pub rank: usize,
}

/// Measures variants of the subject's prompt, which is sequence 0 of each fork: the prompt as it
/// is, then each of `forks` in their order. `progress` hears how many are done.
///
/// Each variant leaves the clean run at its layer and, where it changes nothing before, at its
/// first position, and all travel upwards in one growing batch: exact, and far cheaper than whole
/// passes. The clean run is computed once and remembered, so that each batch begins at its lowest
/// layer; a prompt too long for the memory of runs repeats it in each batch.
///
/// # Errors
/// As [`Model::forward`]; [`ModelError::EmptyPrompt`] where the prompt has no tokens.
pub fn measure(
    model: &Model,
    subject: &Subject<'_>,
    forks: &[Fork],
    cancel: &Cancel,
    progress: &mut dyn FnMut(usize),
) -> Result<(Reading, Vec<Reading>), MemoryError> {
    let ids: Vec<u32> = subject.tokens.iter().map(|token| token.id).collect();
    if ids.is_empty() {
        return Err(ModelError::EmptyPrompt.into());
    }
    let rows = |fork: &Fork| ids.len() - fork.at.first();
    let mut baseline = None;
    let mut readings = Vec::with_capacity(forks.len());
    let mut rest = forks;
    // Once without variants even if there are none: the baseline is wanted all the same.
    loop {
        let mut sum = 0;
        let most = rest.iter().take_while(|fork| {
            sum += rows(fork);
            sum <= ROWS.max(LEAST * ids.len())
        });
        let (chunk, later) = rest.split_at(most.count().max(1).min(rest.len()));
        rest = later;
        let hooks = Hooks {
            forks: chunk.to_vec(),
            reuse: Reuse::Residuals,
            ..Hooks::interventions(subject.interventions.to_vec())
        };
        let trace = model.forward(&[&ids], &hooks, cancel)?;
        // The first row of every chunk is the clean run.
        let mut found =
            (0..trace.logits.rows).map(|row| read(trace.logits.row(row), subject.first_tokens));
        let clean = found.next();
        baseline = baseline.or(clean);
        readings.extend(found);
        progress(readings.len());
        if rest.is_empty() {
            break;
        }
    }
    let baseline = baseline.ok_or(ModelError::EmptyPrompt)?;
    Ok((baseline, readings))
}

/// First-token log-probability and rank in a row of logits.
fn read(logits: &[f32], first_tokens: &[u32]) -> Reading {
    let logp = |token: &u32| log_softmax_at(logits, *token as usize);
    let rank = first_tokens.iter().map(|token| rank_of(logits, *token));
    Reading {
        logp_first: if let [token] = first_tokens {
            // One token keeps the precision that a round trip through exp would lose.
            logp(token)
        } else {
            let p: f64 = first_tokens.iter().map(|token| logp(token).exp()).sum();
            p.ln()
        },
        rank: if logits.iter().all(|logit| logit.is_finite()) {
            rank.min().unwrap_or(0)
        } else {
            logits.len()
        },
    }
}
