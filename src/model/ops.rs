//! Norms and non-linearities over rows.

use rayon::prelude::*;

use super::config::{Activation, NormKind};
use super::exp::exp;
use super::matrix::Matrix;

/// Rows handed to one thread at a time: enough work to pay for the hand-over.
const ROWS_PER_TASK: usize = 8;

/// A norm with its gain and bias.
#[derive(Debug, Clone)]
pub(crate) struct Norm {
    pub(crate) kind: NormKind,
    pub(crate) eps: f64,
    /// γ, one value per column.
    pub(crate) gain: Vec<f32>,
    /// β, one value per column; absent for RMS norms.
    pub(crate) bias: Option<Vec<f32>>,
}

impl Norm {
    /// The norm of each row.
    ///
    /// # Shapes
    /// `x`: `[rows, width]` → the same.
    pub(crate) fn forward(&self, x: &Matrix) -> Matrix {
        let mut y = x.clone();
        y.data
            .par_chunks_mut(x.cols * ROWS_PER_TASK)
            .for_each(|rows| {
                for row in rows.chunks_exact_mut(x.cols) {
                    self.row_in_place(row);
                }
            });
        y
    }

    /// Norms one row of `width` values where it stands.
    pub(crate) fn row_in_place(&self, row: &mut [f32]) {
        let (mean, scale) = self.statistics(row);
        match &self.bias {
            Some(bias) => {
                for ((value, gain), bias) in row.iter_mut().zip(&self.gain).zip(bias) {
                    *value = (*value - mean) * scale * gain + bias;
                }
            }
            None => {
                for (value, gain) in row.iter_mut().zip(&self.gain) {
                    *value = (*value - mean) * scale * gain;
                }
            }
        }
    }

    /// What is subtracted from a row and what the rest is multiplied by, before gain and bias.
    /// For an RMS norm nothing is subtracted.
    pub(crate) fn statistics(&self, row: &[f32]) -> (f32, f32) {
        let count = row.len() as f64;
        let mean = match self.kind {
            NormKind::LayerNorm => row.iter().map(|v| f64::from(*v)).sum::<f64>() / count,
            NormKind::RmsNorm => 0.0,
        };
        let square = row
            .iter()
            .map(|v| (f64::from(*v) - mean).powi(2))
            .sum::<f64>()
            / count;
        (mean as f32, (1.0 / (square + self.eps).sqrt()) as f32)
    }
}

/// Applies `activation` to every value.
pub(crate) fn activate(x: &mut Matrix, activation: Activation) {
    let cols = x.cols;
    x.data
        .par_chunks_mut(cols * ROWS_PER_TASK)
        .for_each(|rows| {
            pulp::Arch::new().dispatch(|| {
                for value in rows {
                    *value = scalar(activation, *value);
                }
            });
        });
}

/// `act(gate) ⊙ up`, where each row holds the gate's values and then those of `up`.
///
/// # Shapes
/// `x`: `[rows, 2·hidden]` → `[rows, hidden]`.
pub(crate) fn gated(x: &Matrix, activation: Activation) -> Matrix {
    let hidden = x.cols / 2;
    let mut y = Matrix::zeros(x.rows, hidden);
    y.data
        .par_chunks_mut(hidden * ROWS_PER_TASK)
        .zip(x.data.par_chunks(x.cols * ROWS_PER_TASK))
        .for_each(|(targets, sources)| {
            for (target, source) in targets
                .chunks_exact_mut(hidden)
                .zip(sources.chunks_exact(x.cols))
            {
                let (gate, up) = source.split_at(hidden);
                pulp::Arch::new().dispatch(|| {
                    for ((value, gate), up) in target.iter_mut().zip(gate).zip(up) {
                        *value = scalar(activation, *gate) * up;
                    }
                });
            }
        });
    y
}

#[allow(
    clippy::inline_always,
    reason = "it must become part of the caller's loop"
)]
#[inline(always)]
fn scalar(activation: Activation, x: f32) -> f32 {
    match activation {
        Activation::GeluTanh => {
            const ROOT_2_OVER_PI: f32 = 0.797_884_6;
            // 1 + tanh(u) = 2 - 2/(e²ᵘ + 1)
            let u = ROOT_2_OVER_PI * (x + 0.044_715 * x * x * x);
            x * (1.0 - 1.0 / (exp(2.0 * u) + 1.0))
        }
        Activation::GeluErf => {
            (0.5 * f64::from(x)
                * (1.0 + candle_core::cpu::erf::erf_f64(f64::from(x) / std::f64::consts::SQRT_2)))
                as f32
        }
        Activation::Silu => x / (1.0 + exp(-x)),
        Activation::Relu => x.max(0.0),
    }
}
