//! Variants of one prompt, measured in as few passes as fit.

use crate::memory::error::MemoryError;
use hoplens_runtime::{
    BosPolicy, Cancel, Capture, FirstTokenScore, Fork, Hooks, Intervention, Model, ModelError,
    Reuse, Token,
};

/// Rows of variants in one pass: enough for the matrix kernels, little enough memory, and soon
/// done, so that whoever listens to the progress can do something else in between.
const ROWS: usize = 512;

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
) -> Result<(FirstTokenScore, Vec<FirstTokenScore>), MemoryError> {
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
            capture: Capture {
                first_tokens: subject.first_tokens.to_vec(),
                ..Capture::default()
            },
            interventions: subject.interventions.to_vec(),
        };
        let trace = model.forward(&[&ids], &hooks, cancel)?;
        // The first reading of every chunk is that of the clean run.
        let mut found = trace.first_token_scores.into_iter();
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
