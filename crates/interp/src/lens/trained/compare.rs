//! How far two lenses disagree about the same heads.

use rayon::prelude::*;
use serde::Serialize;

use crate::lens::trained::TrainedLens;
use crate::lens::trained::batch::{Batch, HeadAt};
use crate::lens::trained::error::LensError;
use crate::lens::trained::evaluate::{batches, dot};
use crate::lens::trained::objective::Objective;
use crate::lens::trained::text::LensText;
use hoplens_runtime::{Cancel, Matrix, Model, ModelError, log_sum_exp, softmax, top_k};

/// A lens, or the plain one.
#[derive(Debug, Clone, Copy)]
pub enum AnyLens<'a> {
    /// W_U·r_h.
    Unembed,
    /// A trained one.
    Trained(&'a TrainedLens),
}

/// How far two lenses disagree about one head, means over positions.
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

impl AnyLens<'_> {
    /// Whether it reads a head.
    pub fn covers(self, at: HeadAt) -> bool {
        match self {
            Self::Unembed => true,
            Self::Trained(lens) => lens.covers(at),
        }
    }

    /// What it says of a head that writes nothing; empty for nothing in particular.
    ///
    /// # Shapes
    /// → `[vocab]`.
    pub fn bias(&self) -> &[f32] {
        match self {
            Self::Unembed => &[],
            Self::Trained(lens) => lens.bias(),
        }
    }

    /// What it says of outputs of a head.
    ///
    /// # Shapes
    /// `outputs`: r_h at some positions, `[n, width]` → `[n, vocab]`.
    ///
    /// # Errors
    /// [`LensError::NotCovered`].
    pub fn scores(self, model: &Model, at: HeadAt, outputs: &Matrix) -> Result<Matrix, LensError> {
        match self {
            Self::Unembed => Ok(model.unembed(outputs)),
            Self::Trained(lens) => lens.scores(model, at, outputs),
        }
    }
}

/// Reads each head with both lenses at every position of `text` that has a next token.
///
/// # Errors
/// As [`Model::forward`] and [`TrainedLens::scores`]; [`LensError::TooLittleText`].
pub fn compare(
    model: &Model,
    (first, second): (AnyLens<'_>, AnyLens<'_>),
    text: &LensText,
    heads: &[HeadAt],
    top: usize,
    cancel: &Cancel,
    progress: &mut dyn FnMut(usize),
) -> Result<Vec<Disagreement>, LensError> {
    let weights = heads
        .iter()
        .map(|at| model.head_weights(at.layer, at.head))
        .collect::<Result<Vec<_>, _>>()?;
    let mut sums = vec![[0.0_f64; 3]; heads.len()];
    let mut positions = 0;
    for sequences in batches(&text.sequences) {
        let batch = Batch::run(model, sequences, Objective::Head, cancel)?;
        for ((at, weights), sums) in heads.iter().zip(&weights).zip(&mut sums) {
            if cancel.is_cancelled() {
                return Err(ModelError::Cancelled.into());
            }
            let outputs = batch.outputs(*at, weights);
            let first = first.scores(model, *at, &outputs)?;
            let second = second.scores(model, *at, &outputs)?;
            for found in differences(&first, &second, top) {
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

/// At each position: KL, whether the likeliest differ, and the share of the likeliest that do.
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
