//! The accuracy of lenses on text that they were not trained on.

use rayon::prelude::*;
use serde::Serialize;

use crate::context::ModelContext;
use crate::lens::head_at::HeadAt;
use crate::lens::text::LensText;
use crate::lens::trained::batch::Batch;
use crate::lens::trained::error::LensError;
use crate::lens::trained::loss::logits;
use crate::lens::trained::objective::Objective;
use crate::lens::trained::trained_lens::TrainedLens;
use hoplens_runtime::{Matrix, ModelError, log_sum_exp, top_k};

/// Positions in one batch: bounds memory at `positions × vocab` values.
const POSITIONS_PER_BATCH: usize = 256;

/// The heads to evaluate, and how.
#[derive(Debug, Clone, Copy)]
pub struct EvaluateOptions<'a> {
    /// Each head that is read, with the head whose lens reads it: the same head, or another one to
    /// measure how its lens transfers.
    pub pairs: &'a [(HeadAt, HeadAt)],
    /// The number of likeliest tokens that `overlap` compares.
    pub top: usize,
}

/// The distance between a lens' distribution and the model's, averaged over positions.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct LensScores {
    /// Mean KL(model's next token ‖ lens), in nats.
    pub kl: f64,
    /// Mean cross-entropy of the text's next token under the lens, in nats.
    pub cross_entropy: f64,
    /// Share of positions with the same likeliest token.
    pub agreement: f64,
    /// Mean share of the model's `top` likeliest tokens that are also among the lens'.
    pub overlap: f64,
}

/// The scores of one head.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct HeadScores {
    /// The head that is read.
    #[serde(flatten)]
    pub at: HeadAt,
    /// The unembed lens, W_U·r_h.
    pub unembed: LensScores,
    /// The trained lens.
    pub trained: LensScores,
}

/// The scores of all heads.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LensEvaluation {
    /// Number of positions.
    pub positions: usize,
    /// Number of tokens that `overlap` compares.
    pub top: usize,
    /// The lens' bias alone, which reads no head.
    pub bias: LensScores,
    /// The scores of each head.
    pub heads: Vec<HeadScores>,
}

/// The model's predictions at each position of a batch.
struct ModelPredictions<'a> {
    /// `[n, vocab]`.
    probabilities: Matrix,
    /// Σ_t p_t·ln p_t.
    negative_entropy: Vec<f64>,
    /// The likeliest tokens, best first.
    likeliest: Vec<Vec<u32>>,
    /// The text's next token.
    next: &'a [u32],
}

/// Reads each head of the pairs with the unembed lens and with the trained lens of its partner, at
/// every position of `text` that has a next token. `progress` receives 1 for each head and batch.
///
/// # Errors
/// As [`hoplens_runtime::Model::forward`] and [`TrainedLens::scores`];
/// [`LensError::TooLittleText`].
pub fn evaluate(
    context: ModelContext<'_>,
    lens: &TrainedLens,
    text: &LensText,
    options: EvaluateOptions<'_>,
    progress: &mut dyn FnMut(usize),
) -> Result<LensEvaluation, LensError> {
    let model = context.model;
    let EvaluateOptions { pairs, top } = options;
    let weights = pairs
        .iter()
        .map(|(at, _)| model.head_weights(at.layer, at.head))
        .collect::<Result<Vec<_>, _>>()?;
    let bias = lens.bias();
    let mut found = LensEvaluation {
        positions: 0,
        top,
        bias: LensScores::default(),
        heads: pairs
            .iter()
            .map(|(at, _)| HeadScores {
                at: *at,
                unembed: LensScores::default(),
                trained: LensScores::default(),
            })
            .collect(),
    };
    for sequences in batches(&text.sequences) {
        let batch = Batch::run(context, sequences, Objective::Head)?;
        let predictions = ModelPredictions::of(&batch, top);
        let nothing = Matrix::zeros(batch.positions(), model.info.width);
        found.bias += sums(&logits(model, &nothing, bias), &predictions);
        for (index, (weights, (at, from))) in weights.iter().zip(pairs).enumerate() {
            if context.cancel.is_cancelled() {
                return Err(ModelError::Cancelled.into());
            }
            let outputs = batch.outputs(*at, weights);
            let scores = &mut found.heads[index];
            scores.unembed += sums(&model.unembed(&outputs), &predictions);
            let read = lens.scores(model, *from, &outputs)?;
            scores.trained += sums(&read, &predictions);
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

impl<'a> ModelPredictions<'a> {
    fn of(batch: &'a Batch<'_>, top: usize) -> Self {
        let probabilities = batch.probabilities();
        let negative_entropy = |row: &[f32]| -> f64 {
            let values = row.iter().filter(|p| **p > 0.0).map(|p| f64::from(*p));
            values.map(|p| p * p.ln()).sum()
        };
        let rows = probabilities.data.par_chunks_exact(probabilities.cols);
        Self {
            negative_entropy: rows.map(negative_entropy).collect(),
            likeliest: batch.likeliest(top),
            next: &batch.next,
            probabilities,
        }
    }
}

/// Sums the scores of a lens' logits over the positions.
fn sums(logits: &Matrix, predictions: &ModelPredictions<'_>) -> LensScores {
    (0..logits.rows)
        .into_par_iter()
        .map(|row| {
            let own = logits.row(row);
            let normaliser = log_sum_exp(own);
            let likeliest = &predictions.likeliest[row];
            let best = top_k(own, likeliest.len());
            let shared = best.iter().filter(|best| likeliest.contains(&best.token));
            LensScores {
                kl: predictions.negative_entropy[row]
                    - dot(predictions.probabilities.row(row), own)
                    + normaliser,
                cross_entropy: normaliser - f64::from(own[predictions.next[row] as usize]),
                agreement: f64::from(u8::from(
                    best.first().map(|best| best.token) == likeliest.first().copied(),
                )),
                overlap: shared.count() as f64 / likeliest.len().max(1) as f64,
            }
        })
        // In the order of the rows: the sum does not depend on the number of threads.
        .collect::<Vec<LensScores>>()
        .into_iter()
        .fold(LensScores::default(), |mut sum, scores| {
            sum += scores;
            sum
        })
}

/// Returns Σ a·b, in lanes that compile to vector instructions, summed in f64.
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

/// Groups sequences into batches of about [`POSITIONS_PER_BATCH`] positions.
pub(super) fn batches(sequences: &[Vec<u32>]) -> Vec<Vec<&[u32]>> {
    let mut batches: Vec<Vec<&[u32]>> = Vec::new();
    let mut left = 0;
    for sequence in sequences.iter().filter(|sequence| sequence.len() > 1) {
        if left == 0 {
            batches.push(Vec::new());
            left = POSITIONS_PER_BATCH;
        }
        if let Some(batch) = batches.last_mut() {
            batch.push(sequence);
        }
        left = left.saturating_sub(sequence.len() - 1);
    }
    batches
}

impl std::ops::AddAssign for LensScores {
    fn add_assign(&mut self, other: Self) {
        self.kl += other.kl;
        self.cross_entropy += other.cross_entropy;
        self.agreement += other.agreement;
        self.overlap += other.overlap;
    }
}

impl std::ops::MulAssign<f64> for LensScores {
    fn mul_assign(&mut self, factor: f64) {
        self.kl *= factor;
        self.cross_entropy *= factor;
        self.agreement *= factor;
        self.overlap *= factor;
    }
}
