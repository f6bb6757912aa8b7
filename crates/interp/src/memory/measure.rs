//! Variants of one prompt, measured in as few passes as fit.

use crate::context::ModelContext;
use crate::memory::error::MemoryError;
use hoplens_runtime::{Capture, FirstTokenScore, Fork, Hooks, ModelError, PromptQuery, Reuse};

/// Rows (positions of variants) in one pass: enough to fill the matrix kernels, few enough to bound
/// its memory and to report progress often.
const ROWS_PER_PASS: usize = 512;

/// Variants that share a pass however long the prompt is: where the clean run is too long for the
/// cache, each pass repeats it.
const LEAST_VARIANTS_PER_PASS: usize = 4;

/// Measures variants of a prompt, which is sequence 0 of each fork. Returns the reading of the
/// prompt as it is, and one reading for each fork, in their order. `progress` receives the number
/// of variants that are done.
///
/// A variant shares the clean run below its layer and, where nothing changes there, before its
/// first position; all variants of a pass go through the layers above in one growing batch. This is
/// exact. The clean run is computed once and cached; a prompt that is too long for the cache
/// repeats it in each pass.
///
/// # Errors
/// As [`hoplens_runtime::Model::forward`]; [`ModelError::EmptyPrompt`] if the prompt has no tokens.
pub fn measure(
    context: ModelContext<'_>,
    query: &PromptQuery,
    forks: &[Fork],
    progress: &mut dyn FnMut(usize),
) -> Result<(FirstTokenScore, Vec<FirstTokenScore>), MemoryError> {
    let ids = query.ids();
    if ids.is_empty() {
        return Err(ModelError::EmptyPrompt.into());
    }
    let first_tokens = query.first_tokens();
    let rows = |fork: &Fork| ids.len() - fork.at.first();
    let mut baseline = None;
    let mut readings = Vec::with_capacity(forks.len());
    let mut rest = forks;
    // One pass is made even without variants, for the baseline.
    loop {
        let mut sum = 0;
        let most = rest.iter().take_while(|fork| {
            sum += rows(fork);
            sum <= ROWS_PER_PASS.max(LEAST_VARIANTS_PER_PASS * ids.len())
        });
        let (chunk, later) = rest.split_at(most.count().max(1).min(rest.len()));
        rest = later;
        let hooks = Hooks {
            forks: chunk.to_vec(),
            reuse: Reuse::Residuals,
            capture: Capture {
                first_tokens: first_tokens.clone(),
                ..Capture::default()
            },
            interventions: query.interventions.clone(),
        };
        let trace = context.model.forward(&[&ids], &hooks, context.cancel)?;
        // The first reading of every pass is that of the clean run.
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
