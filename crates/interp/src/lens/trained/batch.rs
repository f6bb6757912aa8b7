//! What a model did at the positions of some sequences: what lenses read, and what they are to
//! say.

use std::ops::Range;

use rayon::prelude::*;

use hoplens_runtime::{
    Action, ActivationCache, Cancel, Capture, Hooks, Intervention, Matrix, MatrixView, Model,
    ModelError, Positions, TargetPositions, softmax, top_k,
};

use crate::lens::trained::objective::Objective;

/// A head of a model.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub struct HeadAt {
    /// Layer, from 0.
    pub layer: usize,
    /// Head, from 0.
    pub head: usize,
}

/// What a model did at every position of some sequences but their last ones, whose next token is
/// not text.
#[derive(Debug)]
pub(super) struct Batch<'a> {
    /// The sequences, side by side.
    sequences: Vec<&'a [u32]>,
    trace: ActivationCache,
    /// The rows of the trace that count: every position that has a next token.
    rows: Vec<usize>,
    /// The next token at each of them.
    pub(super) next: Vec<u32>,
}

/// A distribution over the vocabulary at each position, as far as a loss needs it.
#[derive(Debug, Clone)]
pub(super) struct Target {
    /// Σ_t p_t·w_t: `[n, width]`.
    pub(super) mean: Matrix,
    /// Σ_t p_t·b_t.
    pub(super) bias: Vec<f32>,
    /// Σ_t p_t·ln p_t, in nats.
    pub(super) negative_entropy: Vec<f64>,
}

impl<'a> Batch<'a> {
    /// Runs the model over the sequences.
    pub(super) fn run(
        model: &Model,
        sequences: Vec<&'a [u32]>,
        objective: Objective,
        cancel: &Cancel,
    ) -> Result<Self, ModelError> {
        let attention = match objective {
            Objective::Attended => Positions::All,
            _ => Positions::None,
        };
        let capture = Capture {
            logits: Positions::All,
            z: Positions::All,
            attention,
            ..Capture::default()
        };
        let trace = model.forward(&sequences, &Hooks::capture(capture), cancel)?;
        let mut rows = Vec::new();
        let mut next = Vec::new();
        let mut first = 0;
        for sequence in &sequences {
            rows.extend(first..first + sequence.len() - 1);
            next.extend_from_slice(&sequence[1..]);
            first += sequence.len();
        }
        Ok(Self {
            sequences,
            trace,
            rows,
            next,
        })
    }

    /// How many positions count.
    pub(super) fn positions(&self) -> usize {
        self.rows.len()
    }

    /// z of some neighbouring heads of a layer at every position that counts.
    ///
    /// # Shapes
    /// → `[n, heads·head_dim]`.
    pub(super) fn z(&self, layer: usize, heads: Range<usize>, head_dim: usize) -> Matrix {
        let z = &self.trace.layers[layer].z;
        let dims = heads.start * head_dim..heads.end * head_dim;
        let mut own = Matrix::zeros(self.rows.len(), dims.len());
        for (own, row) in own.data.chunks_exact_mut(dims.len()).zip(&self.rows) {
            own.copy_from_slice(&z.row(*row)[dims.clone()]);
        }
        own
    }

    /// r_h at every position that counts.
    ///
    /// # Shapes
    /// `weights`: the head's W_O^h, `[head_dim, width]` → `[n, width]`.
    pub(super) fn outputs(&self, at: HeadAt, weights: &Matrix) -> Matrix {
        let dim = weights.rows;
        let own = self.z(at.layer, at.head..at.head + 1, dim);
        let mut outputs = Matrix::zeros(self.rows.len(), weights.cols);
        let weights = MatrixView::new(&weights.data, dim, weights.cols, weights.cols);
        MatrixView::new(&own.data, own.rows, dim, dim).times(
            weights,
            1.0,
            &mut outputs.data,
            outputs.cols,
            false,
        );
        outputs
    }

    /// The model's next-token probabilities.
    ///
    /// # Shapes
    /// → `[n, vocab]`.
    pub(super) fn probabilities(&self) -> Matrix {
        let mut logits = self.trace.logits.select(self.rows.iter().copied());
        let cols = logits.cols;
        logits.data.par_chunks_exact_mut(cols).for_each(softmax);
        logits
    }

    /// The model's `count` likeliest next tokens at each position, best first.
    pub(super) fn favourites(&self, count: usize) -> Vec<Vec<u32>> {
        let best = |row: &usize| {
            let best = top_k(self.trace.logits.row(*row), count);
            best.iter().map(|ranked| ranked.token).collect()
        };
        self.rows.par_iter().map(best).collect()
    }

    /// The softmax of the logits less those of a run in which the head writes nothing.
    ///
    /// # Shapes
    /// → `[n, vocab]`.
    pub(super) fn changed(
        &self,
        model: &Model,
        at: HeadAt,
        cancel: &Cancel,
    ) -> Result<Matrix, ModelError> {
        let hooks = Hooks {
            interventions: vec![Intervention {
                layer: at.layer,
                sequence: None,
                at: TargetPositions::All,
                action: Action::ZeroHead(at.head),
            }],
            ..Hooks::capture(Capture {
                logits: Positions::All,
                ..Capture::default()
            })
        };
        let without = model.forward(&self.sequences, &hooks, cancel)?.logits;
        let mut change = self.trace.logits.select(self.rows.iter().copied());
        for (row, source) in change.data.chunks_exact_mut(without.cols).zip(&self.rows) {
            for (value, less) in row.iter_mut().zip(without.row(*source)) {
                *value -= less;
            }
            softmax(row);
        }
        Ok(change)
    }

    /// The tokens that a head attends to, each with the attention that goes to it.
    ///
    /// # Shapes
    /// → `[n, vocab]`.
    pub(super) fn attended(&self, heads: usize, at: HeadAt, vocabulary: usize) -> Matrix {
        let mut weights = Matrix::zeros(self.rows.len(), vocabulary);
        let mut row = 0;
        for (sequence, attention) in self
            .sequences
            .iter()
            .zip(&self.trace.layers[at.layer].attention)
        {
            for position in 0..sequence.len() - 1 {
                let looks = attention.row(position * heads + at.head);
                for (token, weight) in sequence.iter().zip(looks) {
                    weights.row_mut(row)[*token as usize] += weight;
                }
                row += 1;
            }
        }
        weights
    }
}

impl Target {
    /// What a loss needs of `probabilities`.
    ///
    /// # Shapes
    /// `probabilities`: `[n, vocab]`; `bias`: `[vocab]`.
    pub(super) fn of(model: &Model, probabilities: &Matrix, bias: &[f32]) -> Self {
        let each = |term: &(dyn Fn(usize, f64) -> f64 + Sync)| -> Vec<f64> {
            let rows = probabilities.data.par_chunks_exact(probabilities.cols);
            rows.map(|row| {
                let values = row.iter().enumerate().filter(|(_, p)| **p > 0.0);
                values.map(|(token, p)| term(token, f64::from(*p))).sum()
            })
            .collect()
        };
        let by_bias = each(&|token, p| p * f64::from(bias[token]));
        Self {
            mean: model.unembedding_means(probabilities),
            bias: by_bias.into_iter().map(|sum| sum as f32).collect(),
            negative_entropy: each(&|_, p| p * p.ln()),
        }
    }
}
