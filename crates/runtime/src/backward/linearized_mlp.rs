//! An MLP with the norm before it, linearized at the activations of a pass.
#![allow(
    clippy::inline_always,
    reason = "what a loop calls must become part of it, to be compiled for the machine's vectors"
)]

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use crate::backward::linearized_norm::LinearizedNorm;
use crate::backward::transposed_map::TransposedMap;
use crate::config::Mlp;
use crate::error::ModelError;
use crate::matrix::Matrix;
use crate::ops::{activate, activation_derivative};
use crate::transformer::LayerWeights;

/// An MLP with the norm before it, linearized at the activations of some positions.
pub(super) struct LinearizedMlp<'a> {
    norm: LinearizedNorm<'a>,
    up: TransposedMap<'a>,
    down: TransposedMap<'a>,
    /// The derivative of the activated values by the hidden ones, `[positions, hidden]`. For a
    /// gated MLP by the gate, and then by the values that it gates: `[positions, 2·hidden]`.
    slopes: Matrix,
    /// Values that `down` reads.
    hidden: usize,
}

impl<'a> LinearizedMlp<'a> {
    /// Linearizes the MLP at what the norm before it reads.
    ///
    /// # Shapes
    /// `resid`: `[positions, width]`.
    ///
    /// # Errors
    /// A device failed.
    pub(super) fn new(
        layer: &'a LayerWeights,
        mlp: Mlp,
        resid: &Matrix,
        copies: bool,
    ) -> Result<Self, ModelError> {
        let norm = layer.norm_before_mlp();
        // Holds the hidden values first.
        let mut slopes = Matrix::default();
        layer.up.forward_into(&norm.forward(resid), &mut slopes)?;
        let cols = slopes.cols;
        let rows = slopes.data.par_chunks_exact_mut(cols);
        match mlp {
            Mlp::Plain(activation) => rows.flatten().for_each(|value| {
                *value = activation_derivative(activation, *value);
            }),
            Mlp::Gated(activation) => rows.for_each(|row| {
                let (gate, up) = row.split_at_mut(cols / 2);
                let mut activated = gate.to_vec();
                activate(&mut activated, activation);
                for (gate, up) in gate.iter_mut().zip(&*up) {
                    *gate = up * activation_derivative(activation, *gate);
                }
                up.copy_from_slice(&activated);
            }),
        }
        Ok(Self {
            norm: LinearizedNorm::new(norm, &resid.data),
            up: TransposedMap::new(&layer.up, copies),
            down: TransposedMap::new(&layer.down, copies),
            slopes,
            hidden: layer.down.inputs,
        })
    }

    /// The gradients of the norm's input. `hidden_grads` is scratch memory.
    ///
    /// # Shapes
    /// `out_grads`: `[cotangents·positions, width]` → `in_grads`: the same.
    pub(super) fn backward(
        &self,
        out_grads: &Matrix,
        hidden_grads: &mut Matrix,
        in_grads: &mut Matrix,
    ) {
        hidden_grads.reshape(out_grads.rows, self.slopes.cols);
        self.down.multiply(out_grads, hidden_grads);
        hidden_grads
            .data
            .par_chunks_exact_mut(self.slopes.cols)
            .enumerate()
            .for_each(|(row, grads)| {
                pulp::Arch::new().dispatch(ActivationBackward {
                    slopes: self.slopes.row(row % self.slopes.rows),
                    hidden: self.hidden,
                    grads,
                });
            });
        in_grads.reshape(out_grads.rows, out_grads.cols);
        self.up.multiply(hidden_grads, in_grads);
        self.norm.backward(in_grads);
    }
}

/// Turns the gradients of the activated values, which are the first `hidden` of a row, into those
/// of the row of hidden values.
struct ActivationBackward<'a> {
    slopes: &'a [f32],
    hidden: usize,
    grads: &'a mut [f32],
}

impl WithSimd for ActivationBackward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let (by_first, by_second) = self.slopes.split_at(self.hidden);
        let (first, second) = self.grads.split_at_mut(self.hidden);
        for ((second, grad), slope) in second.iter_mut().zip(&*first).zip(by_second) {
            *second = grad * slope;
        }
        for (grad, slope) in first.iter_mut().zip(by_first) {
            *grad *= slope;
        }
    }
}
