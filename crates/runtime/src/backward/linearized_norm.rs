//! A norm, linearized at the rows of its input.
#![allow(
    clippy::inline_always,
    reason = "what a loop calls must become part of it, to be compiled for the machine's vectors"
)]

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use crate::backward::lanes::dot;
use crate::config::NormKind;
use crate::matrix::Matrix;
use crate::ops::Norm;

/// A norm, linearized at the rows of its input.
pub(super) struct LinearizedNorm<'a> {
    norm: &'a Norm,
    /// Each row without its mean, times its scale: `[rows, width]`.
    unit: Matrix,
    /// `[rows]`.
    scale: Vec<f32>,
}

impl<'a> LinearizedNorm<'a> {
    /// Linearizes `norm` at consecutive vectors.
    ///
    /// # Shapes
    /// `x`: `[rows·width]`.
    pub(super) fn new(norm: &'a Norm, x: &[f32]) -> Self {
        let width = norm.gain.len();
        let rows = x.len() / width;
        let mut linearized = Self {
            norm,
            unit: Matrix {
                rows,
                cols: width,
                data: x.to_vec(),
            },
            scale: Vec::with_capacity(rows),
        };
        for row in linearized.unit.data.chunks_exact_mut(width) {
            let (mean, scale) = norm.statistics(row);
            for value in row {
                *value = (*value - mean) * scale;
            }
            linearized.scale.push(scale);
        }
        linearized
    }

    /// Turns the gradient of the norm's output at row `row` into that of its input, in place.
    ///
    /// # Shapes
    /// `grad`: `[width]`.
    pub(super) fn backward_row(&self, row: usize, grad: &mut [f32]) {
        pulp::Arch::new().dispatch(NormRowBackward {
            centred: self.norm.kind == NormKind::LayerNorm,
            gain: &self.norm.gain,
            unit: self.unit.row(row),
            scale: self.scale[row],
            grad,
        });
    }

    /// [`LinearizedNorm::backward_row`] of every row. The rows of the input repeat, once for each
    /// cotangent.
    ///
    /// # Shapes
    /// `grads`: `[cotangents·rows, width]`.
    pub(super) fn backward(&self, grads: &mut Matrix) {
        let rows = self.unit.rows;
        grads
            .data
            .par_chunks_exact_mut(self.unit.cols)
            .enumerate()
            .for_each(|(index, grad)| self.backward_row(index % rows, grad));
    }
}

/// The loop of [`LinearizedNorm::backward_row`]: with g = gain ⊙ grad, scale·(g − mean(g) −
/// unit·mean(g ⊙ unit)), where RMS norms have no mean(g).
struct NormRowBackward<'a> {
    centred: bool,
    gain: &'a [f32],
    unit: &'a [f32],
    scale: f32,
    grad: &'a mut [f32],
}

impl WithSimd for NormRowBackward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let Self {
            centred,
            gain,
            unit,
            scale,
            grad,
        } = self;
        let width = grad.len() as f32;
        let common = if centred {
            dot(grad, gain) / width
        } else {
            0.0
        };
        for (grad, gain) in grad.iter_mut().zip(gain) {
            *grad *= gain;
        }
        let along = dot(grad, unit) / width;
        for (grad, unit) in grad.iter_mut().zip(unit) {
            *grad = scale * (*grad - common - along * unit);
        }
    }
}
