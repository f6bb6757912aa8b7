//! The tokens over which a step's softmax runs: a sample of the vocabulary that stands for all.

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use hoplens_runtime::{Matrix, Model};

/// A sample of the vocabulary.
///
/// Σ over the sample of exp(score + offset) estimates Σ over the vocabulary of exp(score + bias)
/// without bias: the tokens that are always in count once, each of the others stands for as many
/// as were left out beside it (its offset has the logarithm of that number).
#[derive(Debug, Clone)]
pub(super) struct Candidates {
    /// Their rows of the output head: `[candidates, width]`.
    pub(super) rows: Matrix,
    /// The lens' bias of each, plus the logarithm of how many tokens it stands for.
    pub(super) offset: Vec<f32>,
}

impl Candidates {
    /// `always` (distinct), and random others up to `count` in all; the whole vocabulary where
    /// `count` reaches that far.
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
        let wanted = count.saturating_sub(always.len()).min(others.len());
        let left = others.len();
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        for at in 0..wanted {
            let other = random.random_range(at..left);
            others.swap(at, other);
        }
        others.truncate(wanted);
        let stands_for = (left as f32 / wanted.max(1) as f32).ln();
        let weights = always
            .iter()
            .map(|token| (*token, 0.0))
            .chain(others.iter().map(|token| (*token, stands_for)));
        let (tokens, offset): (Vec<u32>, Vec<f32>) = weights
            .map(|(token, weight)| (token, bias[token as usize] + weight))
            .unzip();
        Self {
            rows: model.unembeddings(&tokens),
            offset,
        }
    }
}
