//! What chance gives: the same cell with random memories.
//!
//! The best cell of a grid is chosen by the answer that it is measured on, so a gain alone says
//! little; "Memory Injections" (arXiv 2309.05605) compares with common words.

use std::cmp::Ordering;

use sha2::{Digest as _, Sha256};

use crate::memory::error::MemoryError;
use crate::memory::head::encode_for;
use crate::memory::injection::resolve_scope;
use crate::memory::injection::scaled;
use crate::memory::measure::Subject;
use crate::memory::placement::Placement;
use crate::memory::words::Words;
use crate::memory::{encode_all, measure};
use hoplens_runtime::{Cancel, FirstTokenScore, Fork, Model};

/// How many random memories a control has where nothing else is asked for.
pub const CONTROL_MEMORIES: usize = 40;

/// What decides which random memories those are, where nothing else is asked for.
pub const CONTROL_SEED: u64 = 0;

/// One cell, measured with the chosen memory and with random ones.
#[derive(Debug, Clone, PartialEq)]
pub struct Control {
    /// The prompt without any of them.
    pub baseline: FirstTokenScore,
    /// With the chosen memory.
    pub chosen: FirstTokenScore,
    /// With the random ones, in the order in which they were given.
    pub random: Vec<ControlReading>,
}

/// What one random memory does in the cell.
#[derive(Debug, Clone, PartialEq)]
pub struct ControlReading {
    /// Its text.
    pub memory: String,
    /// NaN and the vocabulary's size where it makes the logits overflow.
    pub reading: FirstTokenScore,
}

impl Control {
    /// The percentile that the chosen memory reaches among the random ones, 0 to 100; see
    /// [`percentile`].
    pub fn percentile(&self) -> f64 {
        let random = self.random.iter().map(|one| one.reading.logp_first);
        percentile(self.chosen.logp_first, random)
    }

    /// The mean Δ`logp_first` of the random memories, in nats; NaN where one of them made the
    /// logits overflow, or there is none.
    pub fn mean_gain(&self) -> f64 {
        let gains = self.gains();
        gains.iter().sum::<f64>() / gains.len() as f64
    }

    /// Their median Δ`logp_first`, in nats, overflows counted lowest; NaN where there is none.
    pub fn median_gain(&self) -> f64 {
        let mut gains = self.gains();
        gains.sort_by(|a, b| lowest_if_nan(*a).total_cmp(&lowest_if_nan(*b)));
        match (gains.len() / 2, gains.len() % 2) {
            (0, 0) => f64::NAN,
            (middle, 0) => f64::midpoint(gains[middle - 1], gains[middle]),
            (middle, _) => gains[middle],
        }
    }

    fn gains(&self) -> Vec<f64> {
        let gain = |one: &ControlReading| one.reading.logp_first - self.baseline.logp_first;
        self.random.iter().map(gain).collect()
    }
}

/// The share of `random` that is strictly lower than `chosen`, ties counted half, 0 to 100.
///
/// A NaN is an injection that made the logits overflow: it counts as lower than every number.
/// NaN where there are no random values.
pub fn percentile(chosen: f64, random: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = random.len() as f64;
    let below = |value: f64| match lowest_if_nan(value).total_cmp(&lowest_if_nan(chosen)) {
        Ordering::Less => 1.0,
        Ordering::Equal => 0.5,
        Ordering::Greater => 0.0,
    };
    100.0 * random.map(below).sum::<f64>() / count
}

fn lowest_if_nan(value: f64) -> f64 {
    if value.is_nan() {
        f64::NEG_INFINITY
    } else {
        value
    }
}

/// Random memories to compare `chosen` with: names where it is a name, otherwise half names and
/// half words of its kind ([`Words::like`]).
///
/// Those that hold `chosen` or one of `answers`, or stand in it, are left out, whatever their
/// case. The same arguments give the same memories; there are fewer than `count` only where the
/// lists are exhausted.
pub fn random_memories(
    chosen: &str,
    answers: &[String],
    count: usize,
    seed: u64,
) -> Vec<&'static str> {
    let kind = Words::like(chosen);
    let names = if kind == Words::Entities {
        count
    } else {
        count / 2
    };
    let is_free = |word: &&str| {
        let answers = answers.iter().map(String::as_str);
        !answers
            .chain([chosen])
            .any(|taken| holds(word, taken) || holds(taken, word))
    };
    let draw = |list: Words, count: usize| {
        // In the order of a hash: known to everybody, and a word more or less moves no others.
        let mut words: Vec<&str> = list.words().into_iter().filter(is_free).collect();
        words.sort_by_cached_key(|word| Sha256::digest(format!("{seed} {word}")));
        words.truncate(count);
        words
    };
    let mut memories = draw(Words::Entities, names);
    memories.extend(draw(kind, count - names));
    memories
}

/// Whether the words of `part` stand next to each other in `text`.
fn holds(text: &str, part: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        text.to_lowercase()
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let (text, part) = (words(text), words(part));
    !part.is_empty() && text.windows(part.len()).any(|words| words == part)
}

/// Measures one cell with the chosen memory and with random ones, all in one growing batch
/// ([`measure`]); `progress` hears how many are done.
///
/// A random memory without tokens for this model is left out.
///
/// # Errors
/// The chosen memory has no tokens or overflows, the layer does not exist, τ is not finite, the
/// span does not stand in the prompt, or `cancel` was set.
pub fn control(
    model: &Model,
    subject: &Subject<'_>,
    chosen: &str,
    placement: &Placement,
    random: &[&str],
    cancel: &Cancel,
    progress: &mut dyn FnMut(usize),
) -> Result<Control, MemoryError> {
    let Placement {
        encoding,
        layer,
        head,
        tau,
        ..
    } = *placement;
    model.check_layer(layer)?;
    let at = resolve_scope(&placement.scope, subject.text, subject.tokens)?;
    let fork = |vector| Fork {
        sequence: 0,
        layer,
        at: at.clone(),
        vector,
    };
    let has_tokens = |text: &&str| !model.tokenizer.ids(text).is_empty();
    let random: Vec<&str> = random.iter().copied().filter(has_tokens).collect();
    let own = encode_for(model, chosen, encoding, head, subject.bos, cancel)?;
    let mut forks = vec![fork(scaled(&own, layer, tau)?)];
    // A vector that overflows is not run: it has no reading.
    let mut is_run = Vec::with_capacity(random.len());
    for vector in encode_all(model, &random, encoding, head, subject.bos, cancel)? {
        let scaled = match scaled(&vector, layer, tau) {
            Err(MemoryError::Overflow { .. }) => None,
            scaled => Some(scaled?),
        };
        is_run.push(scaled.is_some());
        forks.extend(scaled.map(fork));
    }
    let (baseline, readings) = measure(model, subject, &forks, cancel, progress)?;
    let overflow = FirstTokenScore {
        logp_first: f64::NAN,
        rank: model.config().vocab,
    };
    let mut readings = readings.into_iter();
    let mut next = || readings.next().unwrap_or(overflow);
    let chosen = next();
    let random = random.iter().zip(is_run);
    let random = random.map(|(memory, is_run)| ControlReading {
        memory: (*memory).to_owned(),
        reading: if is_run { next() } else { overflow },
    });
    Ok(Control {
        baseline,
        chosen,
        random: random.collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn reaches(chosen: f64, random: &[f64], expected: f64) {
        let found = percentile(chosen, random.iter().copied());
        assert!((found - expected).abs() < 1e-9, "{found}");
    }

    #[test]
    fn the_percentile_is_the_share_below_and_half_of_the_ties() {
        reaches(0.5, &[0.1, 0.2, 0.7, 0.9], 50.0);
        reaches(1.0, &[0.1, 0.2, 0.7, 0.9], 100.0);
        reaches(0.0, &[0.1, 0.2, 0.7, 0.9], 0.0);
        reaches(0.2, &[0.1, 0.2, 0.7, 0.9], 37.5);
        reaches(-3.0, &[f64::NAN, -2.0], 50.0);
        reaches(f64::NAN, &[f64::NAN, -2.0], 25.0);
        assert!(percentile(1.0, std::iter::empty()).is_nan());
    }

    #[test]
    fn gains_are_over_the_baseline() {
        let reading = |logp_first| FirstTokenScore {
            logp_first,
            rank: 0,
        };
        let control = |random: &[f64]| Control {
            baseline: reading(-2.0),
            chosen: reading(-1.0),
            random: random
                .iter()
                .map(|logp| ControlReading {
                    memory: String::new(),
                    reading: reading(*logp),
                })
                .collect(),
        };
        let odd = control(&[-3.0, -1.0, -2.0]);
        assert!((odd.mean_gain() - 0.0).abs() < 1e-12 && odd.median_gain().abs() < 1e-12);
        let even = control(&[-3.0, 1.0, -2.0, -1.0]);
        assert!((even.mean_gain() - 0.75).abs() < 1e-12);
        assert!((even.median_gain() - 0.5).abs() < 1e-12);
        let overflowed = control(&[f64::NAN, -1.0, -2.0]);
        assert!(overflowed.mean_gain().is_nan() && overflowed.median_gain().abs() < 1e-12);
        assert!(control(&[]).median_gain().is_nan());
    }

    #[test]
    fn the_same_seed_draws_the_same_memories() {
        let draw = |seed| random_memories("coral", &[], CONTROL_MEMORIES, seed);
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        let (names, nouns) = (Words::Entities.words(), Words::Nouns.words());
        let drawn = draw(7);
        assert_eq!(drawn.len(), 40);
        assert!(drawn[..20].iter().all(|memory| names.contains(memory)));
        assert!(drawn[20..].iter().all(|memory| nouns.contains(memory)));
        let name = random_memories("Great Barrier Reef", &[], CONTROL_MEMORIES, 7);
        assert_eq!(name.len(), 40);
        assert!(name.iter().all(|memory| names.contains(memory)));
    }

    #[test]
    fn a_memory_is_not_compared_with_itself_nor_with_the_answer() {
        let all = Words::Entities.words().len();
        let drawn = |chosen: &str, answers: &[&str]| {
            let answers: Vec<String> = answers.iter().map(|&answer| answer.to_owned()).collect();
            random_memories(chosen, &answers, 1000, 0)
        };
        assert_eq!(drawn("Great Barrier Reef", &[]).len(), all);
        let without = drawn("the EIFFEL tower in Paris", &[" Lisbon", " Newton"]);
        assert_eq!(without.len(), all - 3);
        for left_out in ["Eiffel Tower", "Lisbon", "Isaac Newton"] {
            assert!(!without.contains(&left_out));
        }
        // Words, not letters: "or" stands in no "orchard".
        let conjunction = drawn("or", &[]);
        assert!(conjunction.contains(&"nor") && !conjunction.contains(&"or"));
    }
}
