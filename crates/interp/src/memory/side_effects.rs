//! Side effects: what an injection does to prompts that it was not made for.

use rayon::prelude::*;
use serde::Serialize;

use crate::context::ModelContext;
use crate::memory::error::MemoryError;
use crate::memory::injection::{MemoryInjection, scaled};
use hoplens_runtime::{BosPolicy, Fork, Hooks, Intervention, PromptQuery, Reuse, kl, rank_of};

/// Rows (positions of variants) in one pass: enough to fill the matrix kernels.
const ROWS_PER_PASS: usize = 512;

/// Rows of logits in one pass, which bounds the memory for them.
const LOGITS_PER_PASS: usize = 128;

/// What an injection does to one reference prompt.
#[derive(Debug, Clone, PartialEq)]
pub struct SideEffect {
    /// KL(before ‖ after) of the next token's distribution, in nats; NaN if the logits overflowed.
    pub kl: f64,
    /// Whether another token becomes the likeliest.
    pub flips: bool,
    /// Whether the likeliest token begins an accepted answer, before and after; `None` if no answer
    /// is expected.
    pub right: Option<(bool, bool)>,
}

/// What an injection does to several reference prompts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SideEffectSummary {
    /// How many prompts.
    pub prompts: usize,
    /// Mean [`SideEffect::kl`]; NaN (`null` in JSON) if one of them is, or there is no prompt.
    pub mean_kl: f64,
    /// The largest; NaN if one of them is, or there is no prompt.
    pub max_kl: f64,
    /// Prompts whose likeliest next token changes.
    pub flips: usize,
    /// Prompts with an expected answer.
    pub answered: usize,
    /// Those whose likeliest token begins the answer without the injection.
    pub right_before: usize,
    /// Those whose likeliest token begins the answer with the injection.
    pub right_after: usize,
}

impl SideEffectSummary {
    /// Summarizes the effects on several prompts.
    pub fn of<'a>(effects: impl IntoIterator<Item = &'a SideEffect>) -> Self {
        let mut sum = Self {
            prompts: 0,
            mean_kl: 0.0,
            max_kl: 0.0,
            flips: 0,
            answered: 0,
            right_before: 0,
            right_after: 0,
        };
        for effect in effects {
            sum.prompts += 1;
            sum.mean_kl += effect.kl;
            sum.max_kl = sum.max_kl.max(effect.kl);
            sum.flips += usize::from(effect.flips);
            if let Some((before, after)) = effect.right {
                sum.answered += 1;
                sum.right_before += usize::from(before);
                sum.right_after += usize::from(after);
            }
        }
        sum.mean_kl /= sum.prompts as f64;
        if sum.mean_kl.is_nan() {
            // `f64::max` ignores NaN.
            sum.max_kl = f64::NAN;
        }
        sum
    }
}

/// Measures what each of `injections` does to every reference prompt, in as few passes as fit; each
/// variant shares its prompt's own run, which is kept for later calls, and the positions that two
/// prompts share are computed once. `progress` receives the number of prompts that are done.
///
/// The result has one entry for each injection, with one effect for each reference prompt. A scope
/// `span` quotes words of one prompt, so for such an injection there is nothing to measure: `None`.
///
/// # Errors
/// An injection that cannot be encoded or scaled; as [`hoplens_runtime::Model::forward`] for the
/// reference prompts.
pub fn side_effects(
    context: ModelContext<'_>,
    reference_prompts: &[PromptQuery],
    injections: &[MemoryInjection],
    bos: BosPolicy,
    progress: &mut dyn FnMut(usize),
) -> Result<Vec<Option<Vec<SideEffect>>>, MemoryError> {
    let mut vectors = Vec::with_capacity(injections.len());
    for injection in injections {
        let placement = &injection.placement;
        context.model.check_layer(placement.layer)?;
        let vector = injection.vector(context, bos)?;
        vectors.push(scaled(&vector, placement.layer, placement.tau)?);
    }
    let positions =
        |index: usize, length: usize| injections[index].placement.positions_in_any_prompt(length);
    // The injections that act on other prompts.
    let acting: Vec<usize> = (0..injections.len())
        .filter(|index| positions(*index, 1).is_some())
        .collect();
    let mut effects: Vec<Option<Vec<SideEffect>>> = injections.iter().map(|_| None).collect();
    for index in &acting {
        effects[*index] = Some(Vec::with_capacity(reference_prompts.len()));
    }
    if acting.is_empty() {
        return Ok(effects);
    }
    let rows = |one: &PromptQuery| {
        let own = one.tokens.len();
        let first = |index: &usize| positions(*index, own).map_or(own, |at| at.first());
        acting.iter().map(|index| own - first(index)).sum::<usize>()
    };
    let mut rest = reference_prompts;
    while !rest.is_empty() {
        let mut sum = 0;
        let most = rest.iter().take_while(|one| {
            sum += rows(one);
            sum <= ROWS_PER_PASS
        });
        let most = most.count().min(LOGITS_PER_PASS / (1 + acting.len()));
        let (chunk, later) = rest.split_at(most.max(1));
        rest = later;
        let mut hooks = Hooks {
            reuse: Reuse::Reference,
            ..Hooks::interventions(Vec::new())
        };
        for (sequence, one) in chunk.iter().enumerate() {
            for change in &one.interventions {
                hooks.interventions.push(Intervention {
                    sequence: Some(sequence),
                    ..change.clone()
                });
            }
            for index in &acting {
                let at = positions(*index, one.tokens.len());
                hooks.forks.extend(at.map(|at| Fork {
                    sequence,
                    layer: injections[*index].placement.layer,
                    at,
                    vector: vectors[*index].clone(),
                }));
            }
        }
        let ids: Vec<Vec<u32>> = chunk.iter().map(PromptQuery::ids).collect();
        let sequences: Vec<&[u32]> = ids.iter().map(Vec::as_slice).collect();
        let trace = context.model.forward(&sequences, &hooks, context.cancel)?;
        // The logits of the prompts come first, then those of their variants, prompt by prompt.
        let compare = |(sequence, one): (usize, &PromptQuery)| -> Vec<SideEffect> {
            let first_tokens = one.first_tokens();
            let before = trace.logits.row(sequence);
            let first = chunk.len() + sequence * acting.len();
            let rows = first..first + acting.len();
            rows.map(|row| effect(before, trace.logits.row(row), &first_tokens))
                .collect()
        };
        let compared: Vec<Vec<SideEffect>> = chunk.par_iter().enumerate().map(compare).collect();
        for of_prompt in compared {
            for (index, effect) in acting.iter().zip(of_prompt) {
                effects[*index].get_or_insert_default().push(effect);
            }
        }
        progress(reference_prompts.len() - rest.len());
    }
    Ok(effects)
}

/// Compares two rows of logits, `[vocab]`.
fn effect(before: &[f32], after: &[f32], first_tokens: &[u32]) -> SideEffect {
    let kl = kl(before, after);
    if kl.is_nan() {
        // No token is likeliest among logits that are not finite.
        return SideEffect {
            kl,
            flips: true,
            right: (!first_tokens.is_empty()).then(|| (is_right(before, first_tokens), false)),
        };
    }
    SideEffect {
        kl,
        flips: likeliest(before) != likeliest(after),
        right: (!first_tokens.is_empty()).then(|| {
            (
                is_right(before, first_tokens),
                is_right(after, first_tokens),
            )
        }),
    }
}

/// Returns the likeliest token, the first of equals.
fn likeliest(logits: &[f32]) -> usize {
    let better = |best: usize, token: usize| {
        if logits[token] > logits[best] {
            token
        } else {
            best
        }
    };
    (0..logits.len()).reduce(better).unwrap_or(0)
}

/// Whether the likeliest token begins an accepted answer.
fn is_right(logits: &[f32], first_tokens: &[u32]) -> bool {
    first_tokens
        .iter()
        .any(|token| rank_of(logits, *token) == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_counts_and_averages_effects() {
        let effect = |kl, flips, right| SideEffect { kl, flips, right };
        let all = [
            effect(0.1, false, None),
            effect(0.5, true, Some((true, false))),
            effect(0.0, false, Some((false, false))),
            effect(0.2, true, Some((false, true))),
        ];
        let sum = SideEffectSummary::of(&all);
        assert!((sum.mean_kl - 0.2).abs() < 1e-12 && (sum.max_kl - 0.5).abs() < 1e-12);
        assert_eq!((sum.prompts, sum.flips, sum.answered), (4, 2, 3));
        assert_eq!((sum.right_before, sum.right_after), (1, 1));
        let overflowed = SideEffectSummary::of(all.iter().chain([&effect(f64::NAN, true, None)]));
        assert!(overflowed.mean_kl.is_nan() && overflowed.max_kl.is_nan());
        assert_eq!(overflowed.flips, 3);
        assert!(SideEffectSummary::of(&[]).mean_kl.is_nan());
    }

    #[test]
    fn overflowed_logits_count_as_a_changed_top_token() {
        let found = effect(&[1.0, 0.0], &[f32::NAN, 0.0], &[0]);
        assert!(found.kl.is_nan() && found.flips);
        assert_eq!(found.right, Some((true, false)));
    }
}
