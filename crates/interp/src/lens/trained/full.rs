//! Full `vocab × width` maps of a layer's heads, trained jointly: the form of AttentionLens.
//!
//! A layer of GPT-2 Small has 464 million values; this form is for small models and comparisons.

use crate::lens::head_at::HeadAt;
use crate::lens::tensors::{TensorReader, TensorWriter};
use crate::lens::trained::adam::AdamMoments;
use crate::lens::trained::batch::Batch;
use crate::lens::trained::error::LensError;
use hoplens_runtime::{Matrix, MatrixView, Model, log_sum_exp, softmax};

/// The most bytes that maps and their training state may take.
const MOST_BYTES: f64 = 4e9;

/// The maps of a layer: logits = Σ_h A_h·r_h + b.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LayerMaps {
    /// A_h side by side: `[vocab, heads·width]`.
    pub(super) maps: Matrix,
    /// b: `[vocab]`.
    pub(super) bias: Vec<f32>,
}

/// A layer's maps in training.
#[derive(Debug)]
pub(super) struct LayerLearner {
    pub(super) index: usize,
    /// W_O^h of each head.
    weights: Vec<Matrix>,
    lens: LayerMaps,
    moments: (AdamMoments, AdamMoments),
    pub(super) best: LayerMaps,
    best_loss: f64,
}

/// Checks that maps of `layers` layers fit into memory.
///
/// # Errors
/// [`LensError::TooLarge`].
pub(super) fn check_size(model: &Model, layers: usize) -> Result<(), LensError> {
    let config = model.config();
    let values = layers * config.heads * config.vocab * model.info.width;
    // The maps, the best maps, two moments and a gradient.
    let bytes = 5.0 * 4.0 * values as f64;
    if bytes > MOST_BYTES {
        return Err(LensError::TooLarge {
            gigabytes: bytes / 1e9,
            most: MOST_BYTES / 1e9,
        });
    }
    Ok(())
}

impl LayerLearner {
    /// Returns maps that equal the unembed lens.
    pub(super) fn new(model: &Model, layer: usize, bias: &[f32]) -> Result<Self, LensError> {
        let heads = model.info.heads;
        let weights = (0..heads)
            .map(|head| model.head_weights(layer, head))
            .collect::<Result<_, _>>()?;
        let tokens: Vec<u32> = (0..bias.len() as u32).collect();
        let rows = model.unembeddings(&tokens);
        let mut maps = Matrix::zeros(bias.len(), heads * model.info.width);
        for (map, row) in maps
            .data
            .chunks_exact_mut(heads * model.info.width)
            .zip(rows.data.chunks_exact(rows.cols))
        {
            for part in map.chunks_exact_mut(row.len()) {
                part.copy_from_slice(row);
            }
        }
        let lens = LayerMaps {
            maps,
            bias: bias.to_vec(),
        };
        Ok(Self {
            index: layer,
            weights,
            moments: (
                AdamMoments::new(lens.maps.data.len()),
                AdamMoments::new(lens.bias.len()),
            ),
            best: lens.clone(),
            lens,
            best_loss: f64::INFINITY,
        })
    }

    /// Returns every head's r_h, concatenated: `[positions, heads·width]`.
    fn outputs(&self, batch: &Batch<'_>) -> Matrix {
        let width = self.weights[0].cols;
        let mut all = Matrix::zeros(batch.positions(), self.weights.len() * width);
        for (head, weights) in self.weights.iter().enumerate() {
            let at = HeadAt {
                layer: self.index,
                head,
            };
            let own = batch.outputs(at, weights);
            for row in 0..own.rows {
                all.row_mut(row)[head * width..(head + 1) * width].copy_from_slice(own.row(row));
            }
        }
        all
    }

    /// Makes one step on a batch; returns the loss before it, in nats.
    pub(super) fn learn(
        &mut self,
        batch: &Batch<'_>,
        probabilities: &Matrix,
        rate: f32,
        step: usize,
    ) -> f64 {
        let outputs = self.outputs(batch);
        let mut scores = self.lens.scores(&outputs);
        let losses = divergences(&scores, probabilities);
        let share = 1.0 / outputs.rows.max(1) as f32;
        for (scores, p) in scores
            .data
            .chunks_exact_mut(probabilities.cols)
            .zip(probabilities.data.chunks_exact(probabilities.cols))
        {
            softmax(scores);
            for (score, p) in scores.iter_mut().zip(p) {
                *score = (*score - p) * share;
            }
        }
        let (n, vocabulary) = (scores.rows, scores.cols);
        let mut maps_grad = vec![0.0; self.lens.maps.data.len()];
        MatrixView::new(&scores.data, n, vocabulary, vocabulary)
            .transposed()
            .times(
                MatrixView::new(&outputs.data, n, outputs.cols, outputs.cols),
                1.0,
                &mut maps_grad,
                outputs.cols,
                false,
            );
        let mut bias_grad = vec![0.0; vocabulary];
        for row in scores.data.chunks_exact(vocabulary) {
            for (sum, value) in bias_grad.iter_mut().zip(row) {
                *sum += value;
            }
        }
        let (maps, bias) = &mut self.moments;
        maps.step(&mut self.lens.maps.data, &maps_grad, rate, step);
        bias.step(&mut self.lens.bias, &bias_grad, rate, step);
        losses.iter().sum::<f64>() / losses.len().max(1) as f64
    }

    /// Returns the exact loss over held-out positions, in nats, and whether it is the least so far.
    pub(super) fn evaluate(&mut self, held_out: &Batch<'_>, probabilities: &Matrix) -> (f64, bool) {
        let scores = self.lens.scores(&self.outputs(held_out));
        let losses = divergences(&scores, probabilities);
        let loss = losses.iter().sum::<f64>() / losses.len().max(1) as f64;
        let better = loss < self.best_loss;
        if better {
            self.best_loss = loss;
            self.best.clone_from(&self.lens);
        }
        (loss, better)
    }

    /// Returns the bits of the least held-out loss so far.
    pub(super) fn best_bits(&self) -> u64 {
        self.best_loss.to_bits()
    }

    /// Writes the state to a checkpoint.
    pub(super) fn write(&self, into: &mut TensorWriter) {
        let name = |what: &str| format!("layers.{}.{what}", self.index);
        for (lens, kind) in [(&self.lens, "now"), (&self.best, "best")] {
            lens.write(&name(kind), into);
        }
        for (kept, kind) in [(&self.moments.0, "maps"), (&self.moments.1, "bias")] {
            for (values, order) in [(&kept.first, "first"), (&kept.second, "second")] {
                into.push(name(&format!("{order}.{kind}")), &[values.len()], values);
            }
        }
    }

    /// Restores the state from a checkpoint.
    ///
    /// # Errors
    /// [`LensError::Damaged`].
    pub(super) fn restore(
        &mut self,
        from: &TensorReader<'_>,
        best_bits: u64,
    ) -> Result<(), LensError> {
        let name = |what: &str| format!("layers.{}.{what}", self.index);
        self.lens.read(&name("now"), from)?;
        self.best.read(&name("best"), from)?;
        for (kept, kind) in [(&mut self.moments.0, "maps"), (&mut self.moments.1, "bias")] {
            from.fill(&name(&format!("first.{kind}")), &mut kept.first)?;
            from.fill(&name(&format!("second.{kind}")), &mut kept.second)?;
        }
        self.best_loss = f64::from_bits(best_bits);
        Ok(())
    }
}

impl LayerMaps {
    /// Returns Σ_h A_h·r_h + b.
    ///
    /// # Shapes
    /// `outputs`: `[positions, heads·width]` → `[positions, vocab]`.
    fn scores(&self, outputs: &Matrix) -> Matrix {
        self.columns_times(outputs, 0)
    }

    /// Returns A_h·r_h + b of one head.
    ///
    /// # Shapes
    /// `outputs`: `[positions, width]` → `[positions, vocab]`.
    pub(super) fn head_scores(&self, outputs: &Matrix, head: usize) -> Matrix {
        self.columns_times(outputs, head * outputs.cols)
    }

    fn columns_times(&self, outputs: &Matrix, first: usize) -> Matrix {
        let (n, cols, vocabulary) = (outputs.rows, outputs.cols, self.bias.len());
        let mut scores = Matrix::zeros(n, vocabulary);
        for row in scores.data.chunks_exact_mut(vocabulary) {
            row.copy_from_slice(&self.bias);
        }
        let maps = MatrixView::new(&self.maps.data[first..], vocabulary, cols, self.maps.cols);
        MatrixView::new(&outputs.data, n, cols, cols).times(
            maps.transposed(),
            1.0,
            &mut scores.data,
            vocabulary,
            true,
        );
        scores
    }

    /// Writes both tensors.
    pub(super) fn write(&self, prefix: &str, into: &mut TensorWriter) {
        let shape = [self.maps.rows, self.maps.cols];
        into.push(format!("{prefix}.maps"), &shape, &self.maps.data);
        into.push(format!("{prefix}.bias"), &[self.bias.len()], &self.bias);
    }

    /// Reads both tensors.
    ///
    /// # Errors
    /// [`LensError::Damaged`].
    pub(super) fn read(&mut self, prefix: &str, from: &TensorReader<'_>) -> Result<(), LensError> {
        from.fill(&format!("{prefix}.maps"), &mut self.maps.data)?;
        Ok(from.fill(&format!("{prefix}.bias"), &mut self.bias)?)
    }
}

/// Returns KL(p ‖ softmax of the scores) of each row, in nats.
fn divergences(scores: &Matrix, probabilities: &Matrix) -> Vec<f64> {
    (0..scores.rows)
        .map(|row| {
            let normaliser = log_sum_exp(scores.row(row));
            let values = scores.row(row).iter().zip(probabilities.row(row));
            values
                .filter(|(_, p)| **p > 0.0)
                .map(|(score, p)| {
                    let p = f64::from(*p);
                    p * (p.ln() - f64::from(*score) + normaliser)
                })
                .sum()
        })
        .collect()
}
