//! What an injection does to prompts that it was not made for.

use serde::Serialize;

use crate::memory::error::MemoryError;
use crate::memory::head::encode_for;
use crate::memory::injection::scaled;
use crate::memory::placement::Placement;
use hoplens_runtime::{BosPolicy, Cancel, Fork, Hooks, Intervention, Model, kl, rank_of};

/// Rows in one pass: those of the prompts and of their variants. As for a sweep.
const ROWS: usize = 256;

/// A prompt that the injection was not made for.
#[derive(Debug, Clone, PartialEq)]
pub struct ReferencePrompt {
    /// Its tokens; not empty.
    pub tokens: Vec<u32>,
    /// Distinct first tokens of its accepted answers; empty where none is expected.
    pub first_tokens: Vec<u32>,
    /// What is in force on it already, before and after; `sequence` is ignored.
    pub interventions: Vec<Intervention>,
}

/// What an injection does to one of them.
#[derive(Debug, Clone, PartialEq)]
pub struct SideEffect {
    /// KL(before ‖ after) of the next token's distribution, in nats; NaN where the logits
    /// overflowed.
    pub kl: f64,
    /// Whether another token becomes the likeliest.
    pub flips: bool,
    /// Whether the likeliest token begins an accepted answer, before and after; `None` where no
    /// answer is expected.
    pub right: Option<(bool, bool)>,
}

/// What an injection does to several of them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SideEffectSummary {
    /// How many prompts.
    pub prompts: usize,
    /// Mean [`SideEffect::kl`]; NaN (`null` in JSON) where one of them is, or there is no prompt.
    pub mean_kl: f64,
    /// The largest; NaN where one of them is, or there is no prompt.
    pub max_kl: f64,
    /// Prompts whose likeliest next token changes.
    pub flips: usize,
    /// Prompts with an expected answer.
    pub answered: usize,
    /// Those of them that begin it by themselves, without the injection.
    pub right_before: usize,
    /// … and with it.
    pub right_after: usize,
}

impl SideEffectSummary {
    /// Sums effects up.
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
            // `f64::max` passes over a NaN.
            sum.max_kl = f64::NAN;
        }
        sum
    }
}

/// Measures what each of `injections` (a memory's text and where it goes) does to every
/// reference prompt, in as few passes as fit: each variant leaves its prompt's own run. `progress` hears
/// how many prompts are done.
///
/// The result has one entry for each injection, with one effect for each reference prompt. An injection
/// of scope `span` acts on a piece of its own prompt, so that on others there is nothing to
/// measure: `None`.
///
/// # Errors
/// As [`super::sweep`], or a reference prompt that the model cannot read.
pub fn side_effects(
    model: &Model,
    reference_prompts: &[ReferencePrompt],
    injections: &[(&str, &Placement)],
    bos: BosPolicy,
    cancel: &Cancel,
    progress: &mut dyn FnMut(usize),
) -> Result<Vec<Option<Vec<SideEffect>>>, MemoryError> {
    let mut vectors = Vec::with_capacity(injections.len());
    for (memory, placement) in injections {
        model.check_layer(placement.layer)?;
        let Placement { encoding, head, .. } = **placement;
        let vector = encode_for(model, memory, encoding, head, bos, cancel)?;
        vectors.push(scaled(&vector, placement.layer, placement.tau)?);
    }
    // Of those that act on other prompts at all.
    let acting: Vec<usize> = (0..injections.len())
        .filter(|index| injections[*index].1.elsewhere(1).is_some())
        .collect();
    let mut effects: Vec<Option<Vec<SideEffect>>> = injections.iter().map(|_| None).collect();
    for index in &acting {
        effects[*index] = Some(Vec::with_capacity(reference_prompts.len()));
    }
    if acting.is_empty() {
        return Ok(effects);
    }
    let rows = |one: &ReferencePrompt| {
        let own = one.tokens.len();
        let first = |at: &usize| {
            injections[*at]
                .1
                .elsewhere(own)
                .map_or(own, |at| at.first())
        };
        own + acting.iter().map(|at| own - first(at)).sum::<usize>()
    };
    let mut rest = reference_prompts;
    while !rest.is_empty() {
        let mut sum = 0;
        let most = rest.iter().take_while(|one| {
            sum += rows(one);
            sum <= ROWS
        });
        let (chunk, later) = rest.split_at(most.count().max(1));
        rest = later;
        let mut hooks = Hooks::interventions(Vec::new());
        for (sequence, one) in chunk.iter().enumerate() {
            for change in &one.interventions {
                hooks.interventions.push(Intervention {
                    sequence: Some(sequence),
                    ..change.clone()
                });
            }
            for index in &acting {
                let placement = injections[*index].1;
                let at = placement.elsewhere(one.tokens.len());
                hooks.forks.extend(at.map(|at| Fork {
                    sequence,
                    layer: placement.layer,
                    at,
                    vector: vectors[*index].clone(),
                }));
            }
        }
        let sequences: Vec<&[u32]> = chunk.iter().map(|one| one.tokens.as_slice()).collect();
        let trace = model.forward(&sequences, &hooks, cancel)?;
        // The prompts' rows, then those of their variants, prompt after prompt.
        for (sequence, one) in chunk.iter().enumerate() {
            let before = trace.logits.row(sequence);
            for (place, index) in acting.iter().enumerate() {
                let after = trace
                    .logits
                    .row(chunk.len() + sequence * acting.len() + place);
                if let Some(found) = &mut effects[*index] {
                    found.push(effect(before, after, &one.first_tokens));
                }
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
        // Nothing is likeliest among numbers that are none.
        return SideEffect {
            kl,
            flips: true,
            right: (!first_tokens.is_empty()).then(|| (is_right(before, first_tokens), false)),
        };
    }
    SideEffect {
        kl,
        flips: top(before) != top(after),
        right: (!first_tokens.is_empty()).then(|| {
            (
                is_right(before, first_tokens),
                is_right(after, first_tokens),
            )
        }),
    }
}

/// The likeliest token, the first of equals.
fn top(logits: &[f32]) -> usize {
    let better = |best: usize, token: usize| {
        if logits[token] > logits[best] {
            token
        } else {
            best
        }
    };
    (0..logits.len()).reduce(better).unwrap_or(0)
}

fn is_right(logits: &[f32], first_tokens: &[u32]) -> bool {
    first_tokens
        .iter()
        .any(|token| rank_of(logits, *token) == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn effects_add_up() {
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
    fn an_overflow_is_an_effect() {
        let found = effect(&[1.0, 0.0], &[f32::NAN, 0.0], &[0]);
        assert!(found.kl.is_nan() && found.flips);
        assert_eq!(found.right, Some((true, false)));
    }
}
