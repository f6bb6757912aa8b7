//! The control: the same cell with random memories.
//!
//! The best cell of a grid is selected by the answer that it is measured on, so its gain is biased
//! upwards; "Memory Injections" (arXiv 2309.05605) compares with common words.

use std::cmp::Ordering;

use sha2::{Digest as _, Sha256};

use crate::context::ModelContext;
use crate::memory::encode::encode_all;
use crate::memory::error::MemoryError;
use crate::memory::injection::{MemoryInjection, resolve_scope, scaled};
use crate::memory::measure::measure;
use crate::memory::words::Words;
use hoplens_runtime::{FirstTokenScore, Fork, PromptQuery};

/// The default number of random memories.
pub const CONTROL_MEMORIES: usize = 40;

/// The default seed that selects the random memories.
pub const CONTROL_SEED: u64 = 0;

/// One cell, measured with the chosen memory and with random ones.
#[derive(Debug, Clone, PartialEq)]
pub struct Control {
    /// The prompt without any of them.
    pub baseline: FirstTokenScore,
    /// With the chosen memory.
    pub chosen: FirstTokenScore,
    /// With the random ones, in the order given.
    pub random: Vec<ControlReading>,
}

/// The reading of the cell with one random memory.
#[derive(Debug, Clone, PartialEq)]
pub struct ControlReading {
    /// Its text.
    pub memory: String,
    /// NaN and the vocabulary's size if it makes the logits overflow.
    pub reading: FirstTokenScore,
}

impl Control {
    /// The percentile that the chosen memory reaches among the random ones, 0 to 100; see
    /// [`percentile`].
    pub fn percentile(&self) -> f64 {
        let random = self.random.iter().map(|one| one.reading.logp_first);
        percentile(self.chosen.logp_first, random)
    }

    /// The mean Δ`logp_first` of the random memories, in nats; NaN if one of them made the logits
    /// overflow, or there is none.
    pub fn mean_gain(&self) -> f64 {
        let gains = self.gains();
        gains.iter().sum::<f64>() / gains.len() as f64
    }

    /// Their median Δ`logp_first`, in nats, overflows counted lowest; NaN if there is none.
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

/// Returns the percentage of `random` that is strictly lower than `chosen`, ties counted half.
///
/// A NaN is an injection that made the logits overflow: it counts as lower than every number.
/// The result is NaN if there are no random values.
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

/// Draws random memories to compare `chosen` with: names if it is a name, otherwise half names and
/// half words of its kind ([`Words::like`]).
///
/// Excludes, whatever their case, those that contain `chosen` or one of `answers` or are contained
/// in it. The same arguments give the same memories; there are fewer than `count` only if the lists
/// are exhausted.
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
            .any(|taken| contains_words(word, taken) || contains_words(taken, word))
    };
    let draw = |list: Words, count: usize| {
        // In the order of a hash: reproducible, and independent of the other words in the list.
        let mut words: Vec<&str> = list.words().into_iter().filter(is_free).collect();
        words.sort_by_cached_key(|word| Sha256::digest(format!("{seed} {word}")));
        words.truncate(count);
        words
    };
    let mut memories = draw(Words::Entities, names);
    memories.extend(draw(kind, count - names));
    memories
}

/// Whether the words of `part` occur in `text`, next to each other.
fn contains_words(text: &str, part: &str) -> bool {
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
/// ([`measure`]); `progress` receives the number of memories that are done.
///
/// Leaves out random memories that have no tokens for this model.
///
/// # Errors
/// The chosen memory has no tokens or overflows, the layer or head does not exist, τ is not finite,
/// the span is not in the prompt; as [`measure`].
pub fn control(
    context: ModelContext<'_>,
    query: &PromptQuery,
    chosen: &MemoryInjection,
    random: &[&str],
    progress: &mut dyn FnMut(usize),
) -> Result<Control, MemoryError> {
    let model = context.model;
    let placement = &chosen.placement;
    let (layer, tau) = (placement.layer, placement.tau);
    model.check_layer(layer)?;
    let at = resolve_scope(&placement.scope, &query.text, &query.tokens)?;
    let fork = |vector| Fork {
        sequence: 0,
        layer,
        at: at.clone(),
        vector,
    };
    let has_tokens = |text: &&str| !model.tokenizer.ids(text).is_empty();
    let random: Vec<&str> = random.iter().copied().filter(has_tokens).collect();
    let own = chosen.vector(context, query.bos)?;
    let mut forks = vec![fork(scaled(&own, layer, tau)?)];
    // A vector that overflows is not run: it has no reading.
    let mut is_run = Vec::with_capacity(random.len());
    for vector in encode_all(context, &random, placement.memory_encoding(query.bos))? {
        let scaled = match scaled(&vector, layer, tau) {
            Err(MemoryError::Overflow { .. }) => None,
            scaled => Some(scaled?),
        };
        is_run.push(scaled.is_some());
        forks.extend(scaled.map(fork));
    }
    let (baseline, readings) = measure(context, query, &forks, progress)?;
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
    fn percentile_counts_lower_values_and_half_of_the_ties() {
        reaches(0.5, &[0.1, 0.2, 0.7, 0.9], 50.0);
        reaches(1.0, &[0.1, 0.2, 0.7, 0.9], 100.0);
        reaches(0.0, &[0.1, 0.2, 0.7, 0.9], 0.0);
        reaches(0.2, &[0.1, 0.2, 0.7, 0.9], 37.5);
        reaches(-3.0, &[f64::NAN, -2.0], 50.0);
        reaches(f64::NAN, &[f64::NAN, -2.0], 25.0);
        assert!(percentile(1.0, std::iter::empty()).is_nan());
    }

    #[test]
    fn gains_are_relative_to_the_baseline() {
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
    fn random_memories_exclude_the_memory_and_the_answers() {
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
        // Words, not letters: "orchard" does not contain the word "or".
        let conjunction = drawn("or", &[]);
        assert!(conjunction.contains(&"nor") && !conjunction.contains(&"or"));
    }
}
