//! The disagreement of two lenses about the same heads.

use rayon::prelude::*;
use serde::Serialize;

use crate::context::ModelContext;
use crate::lens::any_lens::AnyLens;
use crate::lens::head_at::HeadAt;
use crate::lens::text::LensText;
use crate::lens::trained::batch::Batch;
use crate::lens::trained::error::LensError;
use crate::lens::trained::evaluate::{batches, dot};
use crate::lens::trained::objective::Objective;
use hoplens_runtime::{Matrix, ModelError, log_sum_exp, softmax, top_k};

/// The lenses to compare, and the heads.
#[derive(Debug, Clone, Copy)]
pub struct CompareOptions<'a> {
    /// The reference lens.
    pub first: AnyLens<'a>,
    /// The lens that is compared with it.
    pub second: AnyLens<'a>,
    /// The heads that both read.
    pub heads: &'a [HeadAt],
    /// The number of likeliest tokens that are compared.
    pub top: usize,
}

/// The disagreement of two lenses about one head, averaged over positions.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Disagreement {
    /// The head.
    #[serde(flatten)]
    pub at: HeadAt,
    /// KL(first ‖ second), in nats.
    pub kl: f64,
    /// Share of positions at which the likeliest tokens differ.
    pub top_differs: f64,
    /// Mean share of the first one's `top` likeliest tokens that are not among the second one's.
    pub tops_differ: f64,
}

/// Reads each head with both lenses at every position of `text` that has a next token. `progress`
/// receives 1 for each head and batch.
///
/// # Errors
/// As [`hoplens_runtime::Model::forward`] and [`AnyLens::scores`]; [`LensError::TooLittleText`].
pub fn compare(
    context: ModelContext<'_>,
    text: &LensText,
    options: CompareOptions<'_>,
    progress: &mut dyn FnMut(usize),
) -> Result<Vec<Disagreement>, LensError> {
    let model = context.model;
    let heads = options.heads;
    let weights = heads
        .iter()
        .map(|at| model.head_weights(at.layer, at.head))
        .collect::<Result<Vec<_>, _>>()?;
    let mut sums = vec![[0.0_f64; 3]; heads.len()];
    let mut positions = 0;
    for sequences in batches(&text.sequences) {
        let batch = Batch::run(context, sequences, Objective::Head)?;
        for ((at, weights), sums) in heads.iter().zip(&weights).zip(&mut sums) {
            if context.cancel.is_cancelled() {
                return Err(ModelError::Cancelled.into());
            }
            let outputs = batch.outputs(*at, weights);
            let first = options.first.scores(model, *at, &outputs)?;
            let second = options.second.scores(model, *at, &outputs)?;
            for found in differences(&first, &second, options.top) {
                for (sum, value) in sums.iter_mut().zip(found) {
                    *sum += value;
                }
            }
            progress(1);
        }
        positions += batch.positions();
    }
    if positions == 0 {
        return Err(LensError::TooLittleText {
            sequences: text.sequences.len(),
            wanted: 1,
        });
    }
    let share = 1.0 / positions as f64;
    let found = heads.iter().zip(sums);
    Ok(found
        .map(|(at, [kl, top_differs, tops_differ])| Disagreement {
            at: *at,
            kl: kl * share,
            top_differs: top_differs * share,
            tops_differ: tops_differ * share,
        })
        .collect())
}

/// Returns, for each position, the KL divergence, whether the likeliest tokens differ (0 or 1), and
/// the share of the likeliest tokens that differ.
fn differences(first: &Matrix, second: &Matrix, top: usize) -> Vec<[f64; 3]> {
    let row = |row: usize| {
        let (own, other) = (first.row(row), second.row(row));
        let mut p = own.to_vec();
        softmax(&mut p);
        let kl = dot(&p, own) - log_sum_exp(own) - dot(&p, other) + log_sum_exp(other);
        let tokens = |values: &[f32]| -> Vec<u32> {
            top_k(values, top).iter().map(|best| best.token).collect()
        };
        let (mine, theirs) = (tokens(own), tokens(other));
        let missing = mine.iter().filter(|token| !theirs.contains(token));
        [
            kl,
            f64::from(u8::from(mine.first() != theirs.first())),
            missing.count() as f64 / mine.len().max(1) as f64,
        ]
    };
    (0..first.rows).into_par_iter().map(row).collect()
}
