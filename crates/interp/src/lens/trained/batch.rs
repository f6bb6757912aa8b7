//! A batch of training text: the activations that lenses read at its positions, and the
//! distributions over the vocabulary that lenses learn to predict there.

use std::ops::Range;

use rayon::prelude::*;

use crate::context::ModelContext;
use crate::lens::head_at::HeadAt;
use hoplens_runtime::{
    ActivationCache, Capture, Hooks, Intervention, InterventionAction, Matrix, MatrixView, Model,
    ModelError, Positions, TargetPositions, softmax, top_k,
};

use crate::lens::trained::objective::Objective;

/// The activations and logits of several sequences. A position is *used* if it has a next token:
/// every position except the last one of each sequence.
#[derive(Debug)]
pub(super) struct Batch<'a> {
    /// The token ids of the sequences.
    sequences: Vec<&'a [u32]>,
    /// What the pass over all positions kept.
    trace: ActivationCache,
    /// The row of each used position in the trace, where the sequences follow one another.
    rows: Vec<usize>,
    /// The next token at each used position.
    pub(super) next: Vec<u32>,
}

/// The statistics that a loss needs of a target distribution at each position: p_t is the
/// probability of token t, w_t its unembedding row, and b_t its bias.
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
    /// Runs the model over the sequences and keeps what `objective` needs.
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
        let mut first_row = 0;
        for sequence in &sequences {
            rows.extend(first_row..first_row + sequence.len() - 1);
            next.extend_from_slice(&sequence[1..]);
            first_row += sequence.len();
        }
        Ok(Self {
            sequences,
            trace,
            rows,
            next,
        })
    }

    /// Returns the number of used positions.
    pub(super) fn positions(&self) -> usize {
        self.rows.len()
    }

    /// Returns `attn.hook_z` of adjacent heads of a layer at every used position.
    ///
    /// # Shapes
    /// → `[positions, heads·head_dim]`.
    pub(super) fn z(&self, layer: usize, heads: Range<usize>, head_dim: usize) -> Matrix {
        let z = &self.trace.layers[layer].z;
        let dims = heads.start * head_dim..heads.end * head_dim;
        let mut used = Matrix::zeros(self.rows.len(), dims.len());
        for (target, row) in used.data.chunks_exact_mut(dims.len()).zip(&self.rows) {
            target.copy_from_slice(&z.row(*row)[dims.clone()]);
        }
        used
    }

    /// Returns the head's output r_h = z_h·W_O^h at every used position.
    ///
    /// # Shapes
    /// `weights`: the head's W_O^h, `[head_dim, width]` → `[positions, width]`.
    pub(super) fn outputs(&self, at: HeadAt, weights: &Matrix) -> Matrix {
        let head_dim = weights.rows;
        let z = self.z(at.layer, at.head..at.head + 1, head_dim);
        let mut outputs = Matrix::zeros(self.rows.len(), weights.cols);
        let weights = MatrixView::new(&weights.data, head_dim, weights.cols, weights.cols);
        MatrixView::new(&z.data, z.rows, head_dim, head_dim).times(
            weights,
            1.0,
            &mut outputs.data,
            outputs.cols,
            false,
        );
        outputs
    }

    /// Returns the model's next-token probabilities at every used position.
    ///
    /// # Shapes
    /// → `[positions, vocab]`.
    pub(super) fn probabilities(&self) -> Matrix {
        let mut logits = self.trace.logits.select(self.rows.iter().copied());
        let cols = logits.cols;
        logits.data.par_chunks_exact_mut(cols).for_each(softmax);
        logits
    }

    /// Returns the model's `count` likeliest next tokens at every used position, likeliest first.
    pub(super) fn likeliest(&self, count: usize) -> Vec<Vec<u32>> {
        let best = |row: &usize| {
            let best = top_k(self.trace.logits.row(*row), count);
            best.iter().map(|ranked| ranked.token).collect()
        };
        self.rows.par_iter().map(best).collect()
    }

    /// Returns, at every used position, the softmax of the difference between the logits and those
    /// of a pass in which the head is ablated: the target of [`Objective::Ablation`].
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
        let ablated = trace.logits;
        let mut change = self.trace.logits.select(self.rows.iter().copied());
        for (row, source) in change.data.chunks_exact_mut(ablated.cols).zip(&self.rows) {
            for (value, ablated) in row.iter_mut().zip(ablated.row(*source)) {
                *value -= ablated;
            }
            softmax(row);
        }
        Ok(change)
    }

    /// Returns, at every used position, the attention of a head to each token of the vocabulary:
    /// the sum over the positions that hold the token. It is the target of [`Objective::Attended`].
    /// `heads` is the model's number of heads.
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
                let pattern = attention.row(position * heads + at.head);
                for (token, weight) in sequence.iter().zip(pattern) {
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
        // Σ_t term(t, p_t) at each position.
        let sum_over_tokens = |term: &(dyn Fn(usize, f64) -> f64 + Sync)| -> Vec<f64> {
            let rows = probabilities.data.par_chunks_exact(probabilities.cols);
            rows.map(|row| {
                let values = row.iter().enumerate().filter(|(_, p)| **p > 0.0);
                values.map(|(token, p)| term(token, f64::from(*p))).sum()
            })
            .collect()
        };
        let mean_bias = sum_over_tokens(&|token, p| p * f64::from(bias[token]));
        Self {
            mean: model.unembedding_means(probabilities),
            bias: mean_bias.into_iter().map(|sum| sum as f32).collect(),
            negative_entropy: sum_over_tokens(&|_, p| p * p.ln()),
        }
    }
}
