//! The choice of the next token from logits: greedy, or sampled.
//!
//! `LogitsProcessor` of `candle-transformers` cannot replace this module: it applies top-p to the
//! probabilities of the whole vocabulary instead of those that top-k leaves, and its random numbers
//! may change between versions (`docs/decisions/sampling.md`).

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use crate::logits::top_k;

/// How the next token is chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SamplingParams {
    /// The divisor of the logits; 0 always takes the most probable token.
    pub temperature: f64,
    /// Samples among this many of the most probable tokens only.
    pub top_k: Option<usize>,
    /// Samples among the fewest of the most probable tokens that together have at least this share
    /// of the probability, at the temperature and among those that `top_k` leaves.
    pub top_p: Option<f64>,
    /// The seed of the random numbers: the same seed samples the same tokens.
    pub seed: u64,
}

impl SamplingParams {
    /// Always the most probable token; among equals, the one with the lowest id.
    pub const GREEDY: Self = Self {
        temperature: 0.0,
        top_k: None,
        top_p: None,
        seed: 0,
    };
}

/// Samples tokens, one after another.
#[derive(Debug)]
pub struct Sampler {
    sampling: SamplingParams,
    // A named generator is the same in every version and on every machine.
    random: ChaCha8Rng,
}

impl Sampler {
    /// A sampler that starts from the seed.
    pub fn new(sampling: SamplingParams) -> Self {
        Self {
            sampling,
            random: ChaCha8Rng::seed_from_u64(sampling.seed),
        }
    }

    /// The next token. Takes one random number, unless the temperature is 0.
    ///
    /// # Shapes
    /// `logits`: `[vocab]`, all finite, at least one.
    pub fn next(&mut self, logits: &[f32]) -> u32 {
        if self.sampling.temperature <= 0.0 {
            return top_k(logits, 1).first().map_or(0, |best| best.token);
        }
        let candidates = candidates(logits, &self.sampling);
        let mut left = sum(&candidates) * self.random.random::<f64>();
        for (token, weight) in &candidates {
            left -= weight;
            if left < 0.0 {
                return *token;
            }
        }
        // Rounding may leave a small rest.
        candidates.last().map_or(0, |(token, _)| *token)
    }
}

fn sum(candidates: &[(u32, f64)]) -> f64 {
    candidates.iter().map(|(_, weight)| weight).sum()
}

/// How many of the most probable tokens top-p looks at first. Sorting a whole vocabulary costs more
/// than a fifth of computing its logits.
const FIRST_LOOK: usize = 256;

/// The tokens that may be sampled, with weights proportional to their probabilities. The
/// temperature is above 0.
fn candidates(logits: &[f32], sampling: &SamplingParams) -> Vec<(u32, f64)> {
    let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weight = |token: u32| {
        let below = f64::from(logits[token as usize]) - f64::from(top);
        (token, (below / sampling.temperature).exp())
    };
    let best = |count: usize| -> Vec<(u32, f64)> {
        let best = top_k(logits, count);
        best.iter().map(|ranked| weight(ranked.token)).collect()
    };
    let all = || -> Vec<(u32, f64)> { (0..logits.len() as u32).map(weight).collect() };
    let most = sampling.top_k.filter(|most| *most < logits.len());
    let allowed = most.map_or_else(all, |most| best(most.max(1)));
    let Some(share) = sampling.top_p else {
        return allowed;
    };
    let wanted = share * sum(&allowed);
    let mut count = FIRST_LOOK;
    loop {
        let mut kept = best(count.min(allowed.len()));
        let mut so_far = 0.0;
        let enough = kept.iter().position(|(_, weight)| {
            so_far += weight;
            so_far >= wanted
        });
        match enough {
            Some(last) => kept.truncate(last + 1),
            None if kept.len() < allowed.len() => {
                count *= 8;
                continue;
            }
            None => {}
        }
        return kept;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LOGITS: [f32; 5] = [0.0, 2.0, 1.0, 2.5, -1.0];

    fn at_temperature(temperature: f64) -> SamplingParams {
        SamplingParams {
            temperature,
            ..SamplingParams::GREEDY
        }
    }

    #[test]
    fn samples_follow_the_probabilities_at_the_temperature() {
        const DRAWS: usize = 40_000;
        let temperature = 0.7;
        let mut sampler = Sampler::new(SamplingParams {
            seed: 11,
            ..at_temperature(temperature)
        });
        let mut counts = [0_usize; LOGITS.len()];
        for _ in 0..DRAWS {
            counts[sampler.next(&LOGITS) as usize] += 1;
        }
        let weights = LOGITS.map(|logit| (f64::from(logit) / temperature).exp());
        let whole: f64 = weights.iter().sum();
        for (count, weight) in counts.iter().zip(weights) {
            let (found, p) = (*count as f64 / DRAWS as f64, weight / whole);
            let deviation = (p * (1.0 - p) / DRAWS as f64).sqrt();
            assert!((found - p).abs() < 5.0 * deviation, "{found} is not {p}");
        }
    }

    #[test]
    fn a_seed_samples_the_same_tokens_in_every_version() {
        let mut sampler = Sampler::new(SamplingParams {
            seed: 42,
            ..at_temperature(1.0)
        });
        let drawn: Vec<u32> = (0..12).map(|_| sampler.next(&LOGITS)).collect();
        assert_eq!(drawn, [3, 3, 2, 3, 1, 1, 1, 3, 3, 1, 3, 3]);
    }

    #[test]
    fn greedy_takes_the_lowest_id_among_equals() {
        let mut sampler = Sampler::new(SamplingParams::GREEDY);
        assert_eq!(sampler.next(&[1.0, 3.0, 3.0]), 1);
    }

    proptest! {
        #[test]
        fn one_candidate_gives_the_greedy_choice(
            logits in prop::collection::vec(-20.0_f32..20.0, 1..40),
            temperature in 0.01_f64..3.0,
            seed in any::<u64>(),
        ) {
            let greedy = Sampler::new(SamplingParams::GREEDY).next(&logits);
            let one = SamplingParams { top_k: Some(1), seed, ..at_temperature(temperature) };
            prop_assert_eq!(Sampler::new(one).next(&logits), greedy);
            let little = SamplingParams { top_p: Some(1e-9), seed, ..at_temperature(temperature) };
            prop_assert_eq!(Sampler::new(little).next(&logits), greedy);
        }

        #[test]
        fn top_p_keeps_the_fewest_tokens_that_reach_the_mass(
            logits in prop::collection::vec(-5.0_f32..5.0, 1..600),
            temperature in 0.1_f64..3.0,
            share in 0.01_f64..1.0,
            most in prop::option::of(1_usize..700),
        ) {
            let narrow = SamplingParams { top_k: most, ..at_temperature(temperature) };
            let mut allowed = candidates(&logits, &narrow);
            prop_assert_eq!(allowed.len(), most.unwrap_or(700).min(logits.len()));
            let kept = candidates(&logits, &SamplingParams { top_p: Some(share), ..narrow });
            let whole = sum(&allowed);
            prop_assert!(sum(&kept) >= share * whole - 1e-9);
            prop_assert!(sum(&kept[..kept.len() - 1]) < share * whole + 1e-9);
            allowed.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            let by_logit = |a: &(u32, f64), b: &(u32, f64)| {
                logits[a.0 as usize] >= logits[b.0 as usize]
            };
            prop_assert!(kept.is_sorted_by(by_logit));
            // No token that is left out is more probable than one that is kept.
            prop_assert!((allowed[kept.len() - 1].1 - kept[kept.len() - 1].1).abs() < 1e-12);
        }

        #[test]
        fn the_same_seed_samples_the_same_tokens(seed in any::<u64>()) {
            let sampling = SamplingParams { seed, top_p: Some(0.95), ..at_temperature(1.3) };
            let draw = || {
                let mut sampler = Sampler::new(sampling);
                (0..20).map(|_| sampler.next(&LOGITS)).collect::<Vec<u32>>()
            };
            prop_assert_eq!(draw(), draw());
        }
    }
}
