//! How well lenses say what the model is about to say, on text that they were not trained on.

use rayon::prelude::*;
use serde::Serialize;

use crate::lens::trained::TrainedLens;
use crate::lens::trained::batch::{Batch, HeadAt};
use crate::lens::trained::error::LensError;
use crate::lens::trained::loss::logits;
use crate::lens::trained::objective::Objective;
use crate::lens::trained::text::LensText;
use hoplens_runtime::{Cancel, Matrix, Model, log_sum_exp, top_k};

/// Positions that are looked at together: bounds memory at `positions × vocab` values.
const BATCH: usize = 256;

/// How far what a lens says is from what the model says, over some positions.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Scores {
    /// Mean KL(model's next token ‖ lens), in nats.
    pub kl: f64,
    /// Mean cross-entropy of the text's next token under the lens, in nats.
    pub cross_entropy: f64,
    /// Share of positions at which the likeliest token is the same.
    pub agreement: f64,
    /// Mean share of the model's `top` likeliest tokens that are among the lens' as well.
    pub overlap: f64,
}

/// What was found of one head.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct HeadScores {
    /// The head that was read.
    #[serde(flatten)]
    pub at: HeadAt,
    /// The unembed lens, W_U·r_h.
    pub unembed: Scores,
    /// The trained lens.
    pub trained: Scores,
}

/// What was found of all heads.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evaluation {
    /// Positions looked at.
    pub positions: usize,
    /// Tokens that `overlap` compares.
    pub top: usize,
    /// The lens' bias alone: what can be said without looking at any head.
    pub bias: Scores,
    /// One for each head.
    pub heads: Vec<HeadScores>,
}

/// What the model says at each position of a batch.
struct Truth<'a> {
    /// `[n, vocab]`.
    probabilities: Matrix,
    /// Σ_t p_t·ln p_t.
    negative_entropy: Vec<f64>,
    /// The likeliest tokens, best first.
    favourites: Vec<Vec<u32>>,
    /// The text's next token.
    next: &'a [u32],
}

/// Reads each head of `pairs` with the unembed lens and with the trained lens of its partner (the
/// same head, but where it is asked how a lens carries over to another one).
///
/// Positions are all those of `text` that have a next token.
///
/// # Errors
/// As [`Model::forward`] and [`TrainedLens::scores`]; [`LensError::TooLittleText`].
pub fn evaluate(
    model: &Model,
    lens: &TrainedLens,
    text: &LensText,
    pairs: &[(HeadAt, HeadAt)],
    top: usize,
    cancel: &Cancel,
    progress: &mut dyn FnMut(usize),
) -> Result<Evaluation, LensError> {
    let weights = pairs
        .iter()
        .map(|(at, _)| model.head_weights(at.layer, at.head))
        .collect::<Result<Vec<_>, _>>()?;
    let bias = lens.bias();
    let mut found = Evaluation {
        positions: 0,
        top,
        bias: Scores::default(),
        heads: pairs
            .iter()
            .map(|(at, _)| HeadScores {
                at: *at,
                unembed: Scores::default(),
                trained: Scores::default(),
            })
            .collect(),
    };
    for sequences in batches(&text.sequences) {
        let batch = Batch::run(model, sequences, Objective::Head, cancel)?;
        let truth = Truth::of(&batch, top);
        let nothing = Matrix::zeros(batch.positions(), model.info.width);
        found.bias += sums(&logits(model, &nothing, bias), &truth);
        for (index, (weights, (at, from))) in weights.iter().zip(pairs).enumerate() {
            if cancel.is_cancelled() {
                return Err(hoplens_runtime::ModelError::Cancelled.into());
            }
            let outputs = batch.outputs(*at, weights);
            let scores = &mut found.heads[index];
            scores.unembed += sums(&model.unembed(&outputs), &truth);
            let read = lens.scores(model, *from, &outputs)?;
            scores.trained += sums(&read, &truth);
            progress(1);
        }
        found.positions += batch.positions();
    }
    if found.positions == 0 {
        return Err(LensError::TooLittleText {
            sequences: text.sequences.len(),
            wanted: 1,
        });
    }
    let share = 1.0 / found.positions as f64;
    found.bias *= share;
    for scores in &mut found.heads {
        scores.unembed *= share;
        scores.trained *= share;
    }
    Ok(found)
}

impl<'a> Truth<'a> {
    fn of(batch: &'a Batch<'_>, top: usize) -> Self {
        let probabilities = batch.probabilities();
        let negative_entropy = |row: &[f32]| -> f64 {
            let values = row.iter().filter(|p| **p > 0.0).map(|p| f64::from(*p));
            values.map(|p| p * p.ln()).sum()
        };
        let rows = probabilities.data.par_chunks_exact(probabilities.cols);
        Self {
            negative_entropy: rows.map(negative_entropy).collect(),
            favourites: batch.favourites(top),
            next: &batch.next,
            probabilities,
        }
    }
}

/// Sums over the positions of what a lens' logits score.
fn sums(logits: &Matrix, truth: &Truth<'_>) -> Scores {
    (0..logits.rows)
        .into_par_iter()
        .map(|row| {
            let own = logits.row(row);
            let normaliser = log_sum_exp(own);
            let favourites = &truth.favourites[row];
            let best = top_k(own, favourites.len());
            let shared = best.iter().filter(|best| favourites.contains(&best.token));
            Scores {
                kl: truth.negative_entropy[row] - dot(truth.probabilities.row(row), own)
                    + normaliser,
                cross_entropy: normaliser - f64::from(own[truth.next[row] as usize]),
                agreement: f64::from(u8::from(
                    best.first().map(|best| best.token) == favourites.first().copied(),
                )),
                overlap: shared.count() as f64 / favourites.len().max(1) as f64,
            }
        })
        // In the order of the rows, so that the sum is the same on any number of threads.
        .collect::<Vec<Scores>>()
        .into_iter()
        .fold(Scores::default(), |mut sum, scores| {
            sum += scores;
            sum
        })
}

/// Σ a·b, in lanes that become vector instructions, summed up in f64.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f64 {
    const LANES: usize = 16;
    let (chunks, rest) = a.as_chunks::<LANES>();
    let (others, other_rest) = b.as_chunks::<LANES>();
    let mut sums = [0.0_f32; LANES];
    for (a, b) in chunks.iter().zip(others) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    let rest = rest.iter().zip(other_rest).map(|(a, b)| a * b);
    sums.iter().copied().chain(rest).map(f64::from).sum()
}

/// Sequences side by side, of about [`BATCH`] positions.
pub(super) fn batches(sequences: &[Vec<u32>]) -> Vec<Vec<&[u32]>> {
    let mut batches: Vec<Vec<&[u32]>> = Vec::new();
    let mut left = 0;
    for sequence in sequences.iter().filter(|sequence| sequence.len() > 1) {
        if left == 0 {
            batches.push(Vec::new());
            left = BATCH;
        }
        if let Some(batch) = batches.last_mut() {
            batch.push(sequence);
        }
        left = left.saturating_sub(sequence.len() - 1);
    }
    batches
}

impl std::ops::AddAssign for Scores {
    fn add_assign(&mut self, other: Self) {
        self.kl += other.kl;
        self.cross_entropy += other.cross_entropy;
        self.agreement += other.agreement;
        self.overlap += other.overlap;
    }
}

impl std::ops::MulAssign<f64> for Scores {
    fn mul_assign(&mut self, factor: f64) {
        self.kl *= factor;
        self.cross_entropy *= factor;
        self.agreement *= factor;
        self.overlap *= factor;
    }
}
