//! The candidates of a step's softmax: a sample of the vocabulary.

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use hoplens_runtime::{Matrix, Model};

/// A sample of the vocabulary.
///
/// Σ over the sample of exp(score + offset) is an unbiased estimate of Σ over the vocabulary of
/// exp(score + bias): the tokens that are always included have weight 1, and each random token
/// represents an equal share of the others (its offset includes the logarithm of that number).
#[derive(Debug, Clone)]
pub(super) struct Candidates {
    /// The candidates' rows of the output head: `[candidates, width]`.
    pub(super) rows: Matrix,
    /// The lens' bias of each candidate, plus the logarithm of the number of tokens it represents:
    /// `[candidates]`.
    pub(super) offset: Vec<f32>,
}

impl Candidates {
    /// Samples `always` (distinct) and random others, `count` in total; the whole vocabulary if it
    /// is not larger.
    ///
    /// # Shapes
    /// `bias`: `[vocab]`.
    pub(super) fn draw(
        model: &Model,
        bias: &[f32],
        always: &[u32],
        count: usize,
        seed: u64,
    ) -> Self {
        let vocabulary = bias.len();
        let mut chosen = vec![false; vocabulary];
        for token in always {
            chosen[*token as usize] = true;
        }
        let mut others: Vec<u32> = (0..vocabulary as u32)
            .filter(|token| !chosen[*token as usize])
            .collect();
        let sampled = count.saturating_sub(always.len()).min(others.len());
        let left = others.len();
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        for at in 0..sampled {
            let other = random.random_range(at..left);
            others.swap(at, other);
        }
        others.truncate(sampled);
        let log_weight = (left as f32 / sampled.max(1) as f32).ln();
        let weights = always
            .iter()
            .map(|token| (*token, 0.0))
            .chain(others.iter().map(|token| (*token, log_weight)));
        let (tokens, offset): (Vec<u32>, Vec<f32>) = weights
            .map(|(token, weight)| (token, bias[token as usize] + weight))
            .unzip();
        Self {
            rows: model.unembeddings(&tokens),
            offset,
        }
    }
}
