//! The next token, chosen from logits: the likeliest, or drawn at random.

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use crate::logits::top_k;

/// How the next token is chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SamplingParams {
    /// The logits are divided by this; 0 takes the likeliest token.
    pub temperature: f64,
    /// Only this many of the likeliest tokens are drawn from.
    pub top_k: Option<usize>,
    /// Only the likeliest tokens are drawn from that together have at least this probability, at
    /// the temperature and among those that `top_k` leaves.
    pub top_p: Option<f64>,
    /// Where the random numbers begin: the same seed draws the same tokens.
    pub seed: u64,
}

impl SamplingParams {
    /// Always the likeliest token; of equals the one with the lowest id.
    pub const GREEDY: Self = Self {
        temperature: 0.0,
        top_k: None,
        top_p: None,
        seed: 0,
    };
}

/// Draws tokens, one after another.
#[derive(Debug)]
pub struct Sampler {
    sampling: SamplingParams,
    // A generator that is named, and so the same in every version and on every machine.
    random: ChaCha8Rng,
}

impl Sampler {
    /// A sampler at the beginning of its random numbers.
    pub fn new(sampling: SamplingParams) -> Self {
        Self {
            sampling,
            random: ChaCha8Rng::seed_from_u64(sampling.seed),
        }
    }

    /// The next token. The random numbers go on by one, unless the choice is greedy.
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
        // Rounding may leave a little.
        candidates.last().map_or(0, |(token, _)| *token)
    }
}

fn sum(candidates: &[(u32, f64)]) -> f64 {
    candidates.iter().map(|(_, weight)| weight).sum()
}

/// How many of the likeliest tokens are looked at first where a share of them is wanted: to put
/// a whole vocabulary in order costs more than a fifth of what computing its logits costs.
const FIRST_LOOK: usize = 256;

/// The tokens that may be drawn, with weights in proportion to their probabilities at a
/// temperature above 0.
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

    fn warm(temperature: f64) -> SamplingParams {
        SamplingParams {
            temperature,
            ..SamplingParams::GREEDY
        }
    }

    #[test]
    fn the_draws_have_the_probabilities_of_the_temperature() {
        const DRAWS: usize = 40_000;
        let temperature = 0.7;
        let mut sampler = Sampler::new(SamplingParams {
            seed: 11,
            ..warm(temperature)
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
    fn the_numbers_of_a_seed_do_not_change_with_versions() {
        let mut sampler = Sampler::new(SamplingParams {
            seed: 42,
            ..warm(1.0)
        });
        let drawn: Vec<u32> = (0..12).map(|_| sampler.next(&LOGITS)).collect();
        assert_eq!(drawn, [3, 3, 2, 3, 1, 1, 1, 3, 3, 1, 3, 3]);
    }

    #[test]
    fn of_equals_the_lowest_id_is_greedy() {
        let mut sampler = Sampler::new(SamplingParams::GREEDY);
        assert_eq!(sampler.next(&[1.0, 3.0, 3.0]), 1);
    }

    proptest! {
        #[test]
        fn one_candidate_or_no_warmth_is_greedy(
            logits in prop::collection::vec(-20.0_f32..20.0, 1..40),
            temperature in 0.01_f64..3.0,
            seed in any::<u64>(),
        ) {
            let greedy = Sampler::new(SamplingParams::GREEDY).next(&logits);
            let one = SamplingParams { top_k: Some(1), seed, ..warm(temperature) };
            prop_assert_eq!(Sampler::new(one).next(&logits), greedy);
            let little = SamplingParams { top_p: Some(1e-9), seed, ..warm(temperature) };
            prop_assert_eq!(Sampler::new(little).next(&logits), greedy);
        }

        #[test]
        fn top_p_keeps_the_fewest_tokens_that_reach_the_mass(
            logits in prop::collection::vec(-5.0_f32..5.0, 1..600),
            temperature in 0.1_f64..3.0,
            share in 0.01_f64..1.0,
            most in prop::option::of(1_usize..700),
        ) {
            let narrow = SamplingParams { top_k: most, ..warm(temperature) };
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
            // None that is left out is likelier than one that is kept.
            prop_assert!((allowed[kept.len() - 1].1 - kept[kept.len() - 1].1).abs() < 1e-12);
        }

        #[test]
        fn a_seed_draws_the_same_tokens(seed in any::<u64>()) {
            let sampling = SamplingParams { seed, top_p: Some(0.95), ..warm(1.3) };
            let draw = || {
                let mut sampler = Sampler::new(sampling);
                (0..20).map(|_| sampler.next(&LOGITS)).collect::<Vec<u32>>()
            };
            prop_assert_eq!(draw(), draw());
        }
    }
}
