//! Jacobians of the final residual with respect to the residual after every block.

use std::ops::Range;

use rayon::prelude::*;

use crate::backward::linearized_block::{BlockScratch, Linearization};
use crate::backward::traced_pass::TracedPass;
use crate::error::ModelError;
use crate::hooks::{CancelToken, Capture};
use crate::matrix::{Matrix, add};
use crate::model::Model;

/// Rows of gradients that one task multiplies. Fewer make the matrix products slower, more leave
/// the CPU's cache.
const ROWS_PER_TASK: usize = 1024;

/// The size of the gradients that are kept at once, in bytes.
const GRADIENT_BYTES: usize = 256 << 20;

/// The activations of one sequence, from which its Jacobians are computed row by row.
#[derive(Debug)]
pub struct JacobianTrace<'a> {
    traced: TracedPass<'a>,
    positions: Range<usize>,
}

impl Model {
    /// Runs the model over `tokens`, so that the Jacobians between the residuals at `positions` can
    /// be computed.
    ///
    /// # Errors
    /// As [`Model::forward`]; [`ModelError::OutOfRange`] where `positions` is empty or reaches
    /// beyond the tokens.
    pub fn trace_jacobians<'a>(
        &'a self,
        tokens: &'a [u32],
        positions: Range<usize>,
        cancel: &CancelToken,
    ) -> Result<JacobianTrace<'a>, ModelError> {
        if positions.is_empty() || tokens.len() < positions.end {
            return Err(self.out_of_range("position", positions.end, tokens.len()));
        }
        Ok(JacobianTrace {
            traced: TracedPass::run(self, tokens, &[], Capture::default(), cancel)?,
            positions,
        })
    }
}

impl JacobianTrace<'_> {
    /// How many rows of the Jacobians fit into memory at once: [`JacobianTrace::rows`] is fastest
    /// for as many.
    pub fn rows_at_once(&self) -> usize {
        let width = self.traced.model.info.width;
        let row = self.positions.len() * width * size_of::<f32>();
        let groups = width.div_ceil((GRADIENT_BYTES / row).max(1));
        width.div_ceil(groups)
    }

    /// For every block l but the last one, the rows `outputs` of
    ///
    /// J_l = mean over p of Σ_{p′ ≥ p} ∂ h_{L−1}\[p′\] / ∂ h_l\[p\],
    ///
    /// where p and p′ are among the trace's positions and h_l is `hook_resid_post` of block l. For
    /// the last block this is the identity. `progress` receives the number of blocks that are done.
    ///
    /// # Shapes
    /// → for each of the first L − 1 blocks `[outputs, width]`.
    ///
    /// # Errors
    /// [`ModelError::Cancelled`] where `cancel` was set between two blocks; a device failed;
    /// [`ModelError::OutOfRange`] for an output that does not exist.
    pub fn rows(
        &self,
        outputs: Range<usize>,
        cancel: &CancelToken,
        progress: &mut (dyn FnMut(usize) + Send),
    ) -> Result<Vec<Matrix>, ModelError> {
        let model = self.traced.model;
        let width = model.info.width;
        if width < outputs.end {
            return Err(model.out_of_range("dimension", outputs.end, width));
        }
        let backward = |_: &rayon::Scope<'_>| {
            let mut tasks = self.one_hot(outputs.clone());
            let blocks = model.info.layers - 1;
            let mut jacobians = vec![Matrix::default(); blocks];
            let linearization = Linearization {
                positions: self.positions.clone(),
                copies: true,
            };
            for (done, jacobian) in jacobians.iter_mut().rev().enumerate() {
                let block = self.traced.linearize(blocks - done, &linearization)?;
                let rows: Result<Vec<Matrix>, ModelError> = tasks
                    .par_iter_mut()
                    .map_init(BlockScratch::default, |scratch, grads| {
                        if cancel.is_cancelled() {
                            return Err(ModelError::Cancelled);
                        }
                        block.backward(grads, scratch, None);
                        Ok(self.means(grads))
                    })
                    .collect();
                jacobian.cols = width;
                for rows in rows? {
                    jacobian.append(&rows);
                }
                progress(done + 1);
            }
            Ok(jacobians)
        };
        rayon::scope(backward)
    }

    /// The gradients of the final residual's dimensions `outputs`, each summed over all positions,
    /// with respect to the final residual; task by task.
    ///
    /// # Shapes
    /// → matrices of `[cotangents·positions, width]`.
    fn one_hot(&self, outputs: Range<usize>) -> Vec<Matrix> {
        let (n, width) = (self.positions.len(), self.traced.model.info.width);
        let cotangents = (ROWS_PER_TASK / n).max(1);
        let task = |first: usize| {
            let outputs = first..outputs.end.min(first + cotangents);
            let mut grads = Matrix::zeros(outputs.len() * n, width);
            for (rows, output) in grads.data.chunks_exact_mut(n * width).zip(outputs) {
                for row in rows.chunks_exact_mut(width) {
                    row[output] = 1.0;
                }
            }
            grads
        };
        outputs.clone().step_by(cotangents).map(task).collect()
    }

    /// The mean over the positions of each cotangent.
    ///
    /// # Shapes
    /// `grads`: `[cotangents·positions, width]` → `[cotangents, width]`.
    fn means(&self, grads: &Matrix) -> Matrix {
        let n = self.positions.len();
        let mut means = Matrix::zeros(grads.rows / n, grads.cols);
        for row in 0..grads.rows {
            add(means.row_mut(row / n), grads.row(row));
        }
        for value in &mut means.data {
            *value /= n as f32;
        }
        means
    }
}
