//! Norms and non-linearities over rows.
#![allow(
    clippy::inline_always,
    reason = "what a loop calls must become part of it, to be compiled for the machine's vectors"
)]

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use crate::config::{Activation, NormKind};
use crate::exp::exp;
use crate::matrix::{Matrix, VALUES_PER_TASK};

/// The number of rows that one parallel task processes.
pub(crate) fn rows_per_task(cols: usize) -> usize {
    VALUES_PER_TASK.div_ceil(cols.max(1))
}

/// Partial sums that are kept in parallel: one vector register, so that no addition waits for the
/// one before.
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

    /// Norms one row of `width` values in place.
    pub(crate) fn row_in_place(&self, row: &mut [f32]) {
        pulp::Arch::new().dispatch(NormRow { norm: self, row });
    }

    /// The mean that is subtracted from a row and the scale that multiplies the rest, before gain
    /// and bias. The mean of an RMS norm is 0.
    #[inline(always)]
    pub(crate) fn statistics(&self, row: &[f32]) -> (f32, f32) {
        let count = row.len() as f64;
        let mean = match self.kind {
            NormKind::LayerNorm => sum(row, |value| value) / count,
            NormKind::RmsNorm => 0.0,
        };
        let square = sum(row, |value| (value - mean) * (value - mean)) / count;
        (mean as f32, (1.0 / (square + self.eps).sqrt()) as f32)
    }
}

/// The sum of `term` over the values, in f64.
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

// The loops below are types and not closures: only code that is inlined into `with_simd` is compiled
// for the machine's vector instructions, and the inlining of a closure cannot be forced.

/// The loop of [`Norm::row_in_place`].
struct NormRow<'a> {
    norm: &'a Norm,
    row: &'a mut [f32],
}

impl WithSimd for NormRow<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let Self { norm, row } = self;
        let (mean, scale) = norm.statistics(row);
        match &norm.bias {
            Some(bias) => {
                for ((value, gain), bias) in row.iter_mut().zip(&norm.gain).zip(bias) {
                    *value = (*value - mean) * scale * gain + bias;
                }
            }
            None => {
                for (value, gain) in row.iter_mut().zip(&norm.gain) {
                    *value = (*value - mean) * scale * gain;
                }
            }
        }
    }
}

/// Replaces a row by its softmax.
pub fn softmax(row: &mut [f32]) {
    pulp::Arch::new().dispatch(Softmax(row));
}

struct Softmax<'a>(&'a mut [f32]);

impl WithSimd for Softmax<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let Self(row) = self;
        let (chunks, rest) = row.as_chunks_mut::<LANES>();
        let mut tops = [f32::NEG_INFINITY; LANES];
        for chunk in &*chunks {
            for (top, value) in tops.iter_mut().zip(chunk) {
                // Not `f32::max`: its handling of NaN prevents vectorisation.
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
    }
}

/// The log of the sum of the exponentials; NaN where a value is not finite. Each exponential is
/// rounded to f32, which changes the result by less than 1e-6; the sum is in f64.
pub fn log_sum_exp(values: &[f32]) -> f64 {
    pulp::Arch::new().dispatch(LogSumExp(values))
}

struct LogSumExp<'a>(&'a [f32]);

impl WithSimd for LogSumExp<'_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) -> f64 {
        let Self(values) = self;
        let (chunks, rest) = values.as_chunks::<LANES>();
        let mut tops = [f32::NEG_INFINITY; LANES];
        let mut finite = true;
        for chunk in chunks {
            for (top, value) in tops.iter_mut().zip(chunk) {
                *top = if *top < *value { *value } else { *top };
                finite &= value.is_finite();
            }
        }
        finite &= rest.iter().all(|value| value.is_finite());
        if !finite {
            return f64::NAN;
        }
        let top = tops.iter().chain(rest).copied();
        let top = top.fold(f32::NEG_INFINITY, f32::max);
        let mut lanes = [0.0_f64; LANES];
        for chunk in chunks {
            for (lane, value) in lanes.iter_mut().zip(chunk) {
                *lane += f64::from(exp(*value - top));
            }
        }
        let rest: f64 = rest.iter().map(|value| f64::from(exp(*value - top))).sum();
        f64::from(top) + (lanes.iter().sum::<f64>() + rest).ln()
    }
}

/// Applies `activation` to every value.
pub(crate) fn activate(x: &mut [f32], activation: Activation) {
    x.par_chunks_mut(VALUES_PER_TASK).for_each(|values| {
        pulp::Arch::new().dispatch(Activate {
            values,
            by: None,
            activation,
        });
    });
}

/// `act(gate) ⊙ up`, where each row holds the values of `gate`, then those of `up`.
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
            let targets = targets.chunks_exact_mut(hidden);
            for (values, source) in targets.zip(sources.chunks_exact(x.cols)) {
                let (gate, up) = source.split_at(hidden);
                values.copy_from_slice(gate);
                pulp::Arch::new().dispatch(Activate {
                    values,
                    by: Some(up),
                    activation,
                });
            }
        });
}

/// The loop of [`activate`] and [`gated`].
struct Activate<'a> {
    values: &'a mut [f32],
    /// The factors on the activated values.
    by: Option<&'a [f32]>,
    activation: Activation,
}

impl WithSimd for Activate<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let Self { values, by, .. } = self;
        // Each branch is a separate loop, without branches inside.
        match self.activation {
            Activation::GeluTanh => map(values, by, gelu_tanh),
            Activation::GeluErf => map(values, by, gelu_erf),
            Activation::Silu => map(values, by, |x| x / (1.0 + exp(-x))),
            Activation::Relu => map(values, by, |x| x.max(0.0)),
        }
    }
}

#[inline(always)]
fn map(values: &mut [f32], by: Option<&[f32]>, function: impl Fn(f32) -> f32) {
    match by {
        Some(by) => {
            for (value, by) in values.iter_mut().zip(by) {
                *value = function(*value) * by;
            }
        }
        None => {
            for value in values {
                *value = function(*value);
            }
        }
    }
}

/// The derivative of an activation.
pub(crate) fn activation_derivative(activation: Activation, x: f32) -> f32 {
    let x = f64::from(x);
    let slope = match activation {
        Activation::GeluTanh => {
            let root = std::f64::consts::FRAC_2_SQRT_PI * std::f64::consts::FRAC_1_SQRT_2;
            let tanh = (root * (x + 0.044_715 * x.powi(3))).tanh();
            let inner = root * (1.0 + 3.0 * 0.044_715 * x * x);
            0.5 * (1.0 + tanh) + 0.5 * x * (1.0 - tanh * tanh) * inner
        }
        Activation::GeluErf => {
            let below = 0.5 * (1.0 + candle_core::cpu::erf::erf_f64(x / std::f64::consts::SQRT_2));
            let density = (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt();
            below + x * density
        }
        Activation::Silu => {
            let sigmoid = 1.0 / (1.0 + (-x).exp());
            sigmoid * (1.0 + x * (1.0 - sigmoid))
        }
        Activation::Relu => f64::from(u8::from(x > 0.0)),
    };
    slope as f32
}

#[inline(always)]
fn gelu_tanh(x: f32) -> f32 {
    const ROOT_2_OVER_PI: f32 = 0.797_884_6;
    // 1 + tanh(u) = 2 - 2/(e²ᵘ + 1)
    let u = ROOT_2_OVER_PI * (x + 0.044_715 * x * x * x);
    x * (1.0 - 1.0 / (exp(2.0 * u) + 1.0))
}

fn gelu_erf(x: f32) -> f32 {
    let erf = candle_core::cpu::erf::erf_f64(f64::from(x) / std::f64::consts::SQRT_2);
    (0.5 * f64::from(x) * (1.0 + erf)) as f32
}
