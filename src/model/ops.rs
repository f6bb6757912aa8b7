//! Norms and non-linearities over rows.

use rayon::prelude::*;

use super::config::{Activation, NormKind};
use super::exp::exp;
use super::matrix::{Matrix, VALUES_PER_TASK};

/// Rows handed to one thread at a time.
pub(crate) fn rows_per_task(cols: usize) -> usize {
    VALUES_PER_TASK.div_ceil(cols.max(1))
}

/// Values summed side by side: one vector register, so that no sum waits for the one before.
const LANES: usize = 16;

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
        let mut y = Matrix::default();
        self.forward_into(x, &mut y);
        y
    }

    /// [`Norm::forward`] into a matrix that takes the shape of `x`.
    pub(crate) fn forward_into(&self, x: &Matrix, y: &mut Matrix) {
        y.reshape(x.rows, x.cols);
        let chunk = x.cols * rows_per_task(x.cols);
        y.data
            .par_chunks_mut(chunk)
            .zip(x.data.par_chunks(chunk))
            .for_each(|(targets, sources)| {
                let rows = targets.chunks_exact_mut(x.cols);
                for (target, source) in rows.zip(sources.chunks_exact(x.cols)) {
                    target.copy_from_slice(source);
                    self.row_in_place(target);
                }
            });
    }

    /// Norms one row of `width` values where it stands.
    pub(crate) fn row_in_place(&self, row: &mut [f32]) {
        let (mean, scale) = self.statistics(row);
        pulp::Arch::new().dispatch(|| match &self.bias {
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
        });
    }

    /// What is subtracted from a row and what the rest is multiplied by, before gain and bias.
    /// For an RMS norm nothing is subtracted.
    pub(crate) fn statistics(&self, row: &[f32]) -> (f32, f32) {
        let count = row.len() as f64;
        pulp::Arch::new().dispatch(|| {
            let mean = match self.kind {
                NormKind::LayerNorm => sum(row, |value| value) / count,
                NormKind::RmsNorm => 0.0,
            };
            let square = sum(row, |value| (value - mean) * (value - mean)) / count;
            (mean as f32, (1.0 / (square + self.eps).sqrt()) as f32)
        })
    }
}

/// The sum of `term` over the values, in f64.
#[allow(
    clippy::inline_always,
    reason = "it must become part of the caller's loop"
)]
#[inline(always)]
fn sum(values: &[f32], term: impl Fn(f64) -> f64) -> f64 {
    let mut lanes = [0.0; LANES];
    let (chunks, rest) = values.as_chunks::<LANES>();
    for chunk in chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane += term(f64::from(*value));
        }
    }
    let rest: f64 = rest.iter().map(|value| term(f64::from(*value))).sum();
    lanes.iter().sum::<f64>() + rest
}

/// Softmax of one row where it stands.
pub(crate) fn softmax(row: &mut [f32]) {
    pulp::Arch::new().dispatch(|| {
        let (chunks, rest) = row.as_chunks_mut::<LANES>();
        let mut tops = [f32::NEG_INFINITY; LANES];
        for chunk in &*chunks {
            for (top, value) in tops.iter_mut().zip(chunk) {
                // Not `f32::max`, whose care for NaN keeps the loop from becoming one instruction.
                *top = if *top < *value { *value } else { *top };
            }
        }
        let top = tops.iter().chain(&*rest).copied();
        let top = top.fold(f32::NEG_INFINITY, f32::max);
        let mut sums = [0.0; LANES];
        for chunk in &mut *chunks {
            for (sum, value) in sums.iter_mut().zip(chunk) {
                *value = exp(*value - top);
                *sum += *value;
            }
        }
        let mut sum: f32 = sums.iter().sum();
        for value in &mut *rest {
            *value = exp(*value - top);
            sum += *value;
        }
        let scale = 1.0 / sum;
        for value in row {
            *value *= scale;
        }
    });
}

/// Applies `activation` to every value.
pub(crate) fn activate(x: &mut Matrix, activation: Activation) {
    x.data.par_chunks_mut(VALUES_PER_TASK).for_each(|values| {
        pulp::Arch::new().dispatch(|| {
            for value in values {
                *value = scalar(activation, *value);
            }
        });
    });
}

/// `act(gate) ⊙ up`, where each row holds the gate's values and then those of `up`.
///
/// # Shapes
/// `x`: `[rows, 2·hidden]` → `y`: `[rows, hidden]`.
pub(crate) fn gated(x: &Matrix, activation: Activation, y: &mut Matrix) {
    let hidden = x.cols / 2;
    y.reshape(x.rows, hidden);
    let rows = rows_per_task(x.cols);
    y.data
        .par_chunks_mut(hidden * rows)
        .zip(x.data.par_chunks(x.cols * rows))
        .for_each(|(targets, sources)| {
            pulp::Arch::new().dispatch(|| {
                for (target, source) in targets
                    .chunks_exact_mut(hidden)
                    .zip(sources.chunks_exact(x.cols))
                {
                    let (gate, up) = source.split_at(hidden);
                    for ((value, gate), up) in target.iter_mut().zip(gate).zip(up) {
                        *value = scalar(activation, *gate) * up;
                    }
                }
            });
        });
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
