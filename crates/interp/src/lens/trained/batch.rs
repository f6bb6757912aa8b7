//! A batch of text: what the model computed at its positions, which lenses read, and the
//! distributions that they are trained to predict.

use std::ops::Range;

use rayon::prelude::*;

use crate::context::ModelContext;
use crate::lens::head_at::HeadAt;
use hoplens_runtime::{
    ActivationCache, Capture, Hooks, Intervention, InterventionAction, Matrix, MatrixView, Model,
    ModelError, Positions, TargetPositions, softmax, top_k,
};

use crate::lens::trained::objective::Objective;

/// What a model computed at every position of some sequences except the last ones, which have no
/// next token.
#[derive(Debug)]
pub(super) struct Batch<'a> {
    /// The sequences of the batch.
    sequences: Vec<&'a [u32]>,
    trace: ActivationCache,
    /// The rows of the trace that are used: every position that has a next token.
    rows: Vec<usize>,
    /// The next token at each of them.
    pub(super) next: Vec<u32>,
}

/// The statistics of a distribution over the vocabulary at each position that a loss needs.
#[derive(Debug, Clone)]
pub(super) struct TargetDistribution {
    /// Σ_t p_t·w_t: `[positions, width]`.
    pub(super) mean: Matrix,
    /// Σ_t p_t·b_t: `[positions]`.
    pub(super) bias: Vec<f32>,
    /// Σ_t p_t·ln p_t, in nats: `[positions]`.
    pub(super) negative_entropy: Vec<f64>,
}

impl<'a> Batch<'a> {
    /// Runs the model over the sequences.
    pub(super) fn run(
        context: ModelContext<'_>,
        sequences: Vec<&'a [u32]>,
        objective: Objective,
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
        let hooks = Hooks::capture(capture);
        let trace = context.model.forward(&sequences, &hooks, context.cancel)?;
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

    /// Number of positions that are used.
    pub(super) fn positions(&self) -> usize {
        self.rows.len()
    }

    /// Returns z of some adjacent heads of a layer at every used position.
    ///
    /// # Shapes
    /// → `[positions, heads·head_dim]`.
    pub(super) fn z(&self, layer: usize, heads: Range<usize>, head_dim: usize) -> Matrix {
        let z = &self.trace.layers[layer].z;
        let dims = heads.start * head_dim..heads.end * head_dim;
        let mut own = Matrix::zeros(self.rows.len(), dims.len());
        for (own, row) in own.data.chunks_exact_mut(dims.len()).zip(&self.rows) {
            own.copy_from_slice(&z.row(*row)[dims.clone()]);
        }
        own
    }

    /// Returns r_h at every used position.
    ///
    /// # Shapes
    /// `weights`: the head's W_O^h, `[head_dim, width]` → `[positions, width]`.
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

    /// Returns the model's next-token probabilities.
    ///
    /// # Shapes
    /// → `[positions, vocab]`.
    pub(super) fn probabilities(&self) -> Matrix {
        let mut logits = self.trace.logits.select(self.rows.iter().copied());
        let cols = logits.cols;
        logits.data.par_chunks_exact_mut(cols).for_each(softmax);
        logits
    }

    /// Returns the model's `count` likeliest next tokens at each position, likeliest first.
    pub(super) fn likeliest(&self, count: usize) -> Vec<Vec<u32>> {
        let best = |row: &usize| {
            let best = top_k(self.trace.logits.row(*row), count);
            best.iter().map(|ranked| ranked.token).collect()
        };
        self.rows.par_iter().map(best).collect()
    }

    /// Returns the softmax of the logits minus those of a run with the head ablated.
    ///
    /// # Shapes
    /// → `[positions, vocab]`.
    pub(super) fn ablation_change(
        &self,
        context: ModelContext<'_>,
        at: HeadAt,
    ) -> Result<Matrix, ModelError> {
        let hooks = Hooks {
            interventions: vec![Intervention {
                layer: at.layer,
                sequence: None,
                at: TargetPositions::All,
                action: InterventionAction::ZeroHead(at.head),
            }],
            ..Hooks::capture(Capture {
                logits: Positions::All,
                ..Capture::default()
            })
        };
        let trace = context
            .model
            .forward(&self.sequences, &hooks, context.cancel)?;
        let without = trace.logits;
        let mut change = self.trace.logits.select(self.rows.iter().copied());
        for (row, source) in change.data.chunks_exact_mut(without.cols).zip(&self.rows) {
            for (value, less) in row.iter_mut().zip(without.row(*source)) {
                *value -= less;
            }
            softmax(row);
        }
        Ok(change)
    }

    /// Returns the attention of a head, summed over the positions of each token.
    ///
    /// # Shapes
    /// → `[positions, vocab]`.
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

impl TargetDistribution {
    /// Computes the statistics of `probabilities`.
    ///
    /// # Shapes
    /// `probabilities`: `[positions, vocab]`; `bias`: `[vocab]`.
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
