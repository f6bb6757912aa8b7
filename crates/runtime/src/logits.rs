//! Log-probabilities, ranks and top tokens of a row of logits.

use serde::Serialize;

use crate::ops::log_sum_exp;

/// A token with its probability at one position.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RankedToken {
    /// Token id.
    pub token: u32,
    /// Its log-probability, in nats.
    pub logp: f64,
}

/// How probable it is that an accepted answer starts at a position.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct FirstTokenScore {
    /// Log of the summed probabilities of the answers' first tokens, in nats; NaN (`null` in JSON)
    /// where an injection makes the logits overflow.
    pub logp_first: f64,
    /// How many tokens are more probable than the best of the first tokens (0 = top); the size of
    /// the vocabulary where the logits overflow.
    pub rank: usize,
}

/// The log-probability of every token of a row of logits, in nats.
///
/// # Shapes
/// `[vocab]` → `[vocab]`.
pub fn log_softmax(logits: &[f32]) -> Vec<f64> {
    let normalizer = log_sum_exp(logits);
    logits
        .iter()
        .map(|logit| f64::from(*logit) - normalizer)
        .collect()
}

/// The log-probability of one token of a row of logits, in nats.
pub fn log_softmax_at(logits: &[f32], token: usize) -> f64 {
    f64::from(logits[token]) - log_sum_exp(logits)
}

/// KL(before ‖ after) = Σ p_before·(log p_before − log p_after) of two rows of logits, in nats; NaN
/// where one of them is not finite.
///
/// # Shapes
/// Both `[vocab]`.
pub fn kl(before: &[f32], after: &[f32]) -> f64 {
    let (from, to) = (log_sum_exp(before), log_sum_exp(after));
    let divergence: f64 = before
        .iter()
        .zip(after)
        .map(|(before, after)| {
            let (before, after) = (f64::from(*before) - from, f64::from(*after) - to);
            before.exp() * (before - after)
        })
        .sum();
    // Rounding can make the divergence of two equal distributions slightly negative.
    if divergence < 0.0 { 0.0 } else { divergence }
}

/// How many tokens are more probable than `token` (0 = top).
pub fn rank_of(logits: &[f32], token: u32) -> usize {
    let own = logits[token as usize];
    logits.iter().filter(|logit| **logit > own).count()
}

/// The `count` most probable tokens, best first; ties in the order of token ids.
pub fn top_k(logits: &[f32], count: usize) -> Vec<RankedToken> {
    let normalizer = log_sum_exp(logits);
    let mut order: Vec<u32> = (0..logits.len() as u32).collect();
    let better = |a: &u32, b: &u32| {
        logits[*b as usize]
            .total_cmp(&logits[*a as usize])
            .then(a.cmp(b))
    };
    let count = count.min(order.len());
    if count == 0 {
        return Vec::new();
    }
    order.select_nth_unstable_by(count - 1, better);
    order.truncate(count);
    order.sort_by(better);
    order
        .into_iter()
        .map(|token| RankedToken {
            token,
            logp: f64::from(logits[token as usize]) - normalizer,
        })
        .collect()
}

/// The log of the sum of probabilities that are given by their logs.
pub(crate) fn log_sum(logps: impl Iterator<Item = f64>) -> f64 {
    let logps: Vec<f64> = logps.collect();
    let top = logps.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if top == f64::NEG_INFINITY {
        return top;
    }
    top + logps
        .iter()
        .map(|logp| (logp - top).exp())
        .sum::<f64>()
        .ln()
}

/// The score of first tokens in a row of logits. `first_tokens` are distinct and not empty.
///
/// # Shapes
/// `logits`: `[vocab]`.
pub(crate) fn score_first_tokens(logits: &[f32], first_tokens: &[u32]) -> FirstTokenScore {
    let normalizer = log_sum_exp(logits);
    if !normalizer.is_finite() {
        return FirstTokenScore {
            logp_first: f64::NAN,
            rank: logits.len(),
        };
    }
    let logps = first_tokens
        .iter()
        .map(|token| f64::from(logits[*token as usize]) - normalizer);
    let best = first_tokens
        .iter()
        .copied()
        .max_by(|a, b| logits[*a as usize].total_cmp(&logits[*b as usize]));
    FirstTokenScore {
        logp_first: log_sum(logps),
        rank: best.map_or(0, |token| rank_of(logits, token)),
    }
}
