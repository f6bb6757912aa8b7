//! The initialization of compact lenses: the minimum of the loss to second order, in closed form.
//!
//! A lens of the form softmax(b + W_U·x(z)) with x(z) = z·B + c has, near x = 0, the loss
//! −g·x + ½·xᵀ·Σ·x + constant, where g = Σ_t (p_t − b_t)·w_t is the difference between the target's
//! mean and the average, and Σ the covariance of the tokens' w_t under the average. Linear
//! regression minimizes its mean over positions, and a singular value decomposition in whitened
//! coordinates gives a B of low rank that is nearly optimal (reduced-rank regression). Gradient
//! steps continue from there.

use nalgebra::{Cholesky, DMatrix, DVector, Dyn, SymmetricEigen};

use crate::lens::trained::compact::CompactLens;
use hoplens_runtime::{Matrix, Model};

/// The ridge that is added to the diagonals of covariances, as a share of their mean: directions
/// with little variance are shrunk.
const RIDGE: f64 = 1e-2;

/// The mean and covariance of the tokens' rows of the output head, shared by all heads of a model.
#[derive(Debug)]
pub(super) struct TokenStatistics {
    /// Σ_t b_t·w_t: `[width]`.
    mean: DVector<f64>,
    /// L of Σ = L·Lᵀ.
    factor: Cholesky<f64, Dyn>,
}

/// The sums over positions that the fit of one head needs.
#[derive(Debug, Clone)]
pub(super) struct FitSums {
    positions: f64,
    z: DVector<f64>,
    zz: DMatrix<f64>,
    /// Σ z·(Σ_t p_t·w_t)ᵀ: `[head_dim, width]`.
    z_expected: DMatrix<f64>,
    expected: DVector<f64>,
}

impl TokenStatistics {
    /// `None` if the output head's rows are all equal or not finite.
    ///
    /// # Shapes
    /// `bias`: `[vocab]`.
    pub(super) fn new(model: &Model, bias: &[f32]) -> Option<Self> {
        let width = model.info.width;
        let mut sum = DVector::zeros(width);
        let mut squares = DMatrix::zeros(width, width);
        let tokens: Vec<u32> = (0..bias.len() as u32).collect();
        // In blocks of tokens, to bound memory.
        for tokens in tokens.chunks(4096) {
            let rows = dense(&model.unembeddings(tokens));
            let mut weighted = rows.clone();
            for (mut row, token) in weighted.row_iter_mut().zip(tokens) {
                row *= f64::from(bias[*token as usize]).exp();
            }
            sum += weighted.row_sum_tr();
            squares += weighted.transpose() * rows;
        }
        let factor = factor(squares - &sum * sum.transpose())?;
        Some(Self { mean: sum, factor })
    }
}

impl FitSums {
    pub(super) fn new(head_dim: usize, width: usize) -> Self {
        Self {
            positions: 0.0,
            z: DVector::zeros(head_dim),
            zz: DMatrix::zeros(head_dim, head_dim),
            z_expected: DMatrix::zeros(head_dim, width),
            expected: DVector::zeros(width),
        }
    }

    /// Adds the positions of a batch.
    ///
    /// # Shapes
    /// `z`: `[positions, head_dim]`; `expected`: Σ_t p_t·w_t, `[positions, width]`.
    pub(super) fn add(&mut self, z: &Matrix, expected: &Matrix) {
        let (z, expected) = (dense(z), dense(expected));
        self.positions += z.nrows() as f64;
        self.z += z.row_sum_tr();
        self.zz += z.transpose() * &z;
        self.z_expected += z.transpose() * &expected;
        self.expected += expected.row_sum_tr();
    }

    /// Returns the lens of this rank with the least loss to second order; `None` if the head's
    /// output is zero.
    ///
    /// # Shapes
    /// `weights`: W_O^h, `[head_dim, width]`.
    pub(super) fn fit(
        &self,
        tokens: &TokenStatistics,
        weights: &Matrix,
        rank: usize,
    ) -> Option<FittedLens> {
        let share = 1.0 / self.positions;
        let (z, expected) = (&self.z * share, &self.expected * share);
        let output = dense(weights);
        let length = (&output.transpose() * &self.zz * share * &output).trace();
        let covariance = &self.z_expected * share - &z * expected.transpose();
        let inputs = factor(&self.zz * share - &z * z.transpose())?;
        // K = L_z⁻¹·Cov(z, g)·L_w⁻ᵀ, in whose coordinates the loss is |K' − K|² of a lens K'.
        let mut wanted = covariance;
        inputs.l_dirty().solve_lower_triangular_mut(&mut wanted);
        let mut wanted = wanted.transpose();
        tokens
            .factor
            .l_dirty()
            .solve_lower_triangular_mut(&mut wanted);
        let mut wanted = wanted.transpose();
        let (inner, outer) = (inputs.l(), tokens.factor.l());
        let plain = inner.transpose() * &output * &outer;
        let identity = wanted.dot(&plain) / plain.dot(&plain);
        wanted -= &plain * identity;
        let directions = strongest(&wanted, rank);
        // Back: B = L_z⁻ᵀ·K'·L_w⁻¹ = (L_z⁻ᵀ·Q)·(Qᵀ·K·L_w⁻¹).
        let mut u = (directions.transpose() * &wanted).transpose();
        outer.tr_solve_lower_triangular_mut(&mut u);
        let mut thin = directions;
        inner.tr_solve_lower_triangular_mut(&mut thin);
        let across = factor(&output * output.transpose())?;
        let v = output.transpose() * across.solve(&thin);
        let mut c = expected - &tokens.mean;
        tokens.factor.solve_mut(&mut c);
        let map = &output * identity + &thin * u.transpose();
        c -= map.transpose() * &z;
        let fitted = FittedLens {
            lens: CompactLens {
                identity: identity as f32,
                u: thin_matrix(&u, rank),
                v: thin_matrix(&v, rank),
                c: c.iter().map(|value| *value as f32).collect(),
            },
            r_scale: (1.0 / length.sqrt().max(1e-6)) as f32,
        };
        let finite = |values: &[f32]| values.iter().all(|value| value.is_finite());
        let lens = &fitted.lens;
        (finite(&lens.u.data) && finite(&lens.v.data) && finite(&lens.c)).then_some(fitted)
    }
}

/// A fitted lens.
#[derive(Debug, Clone)]
pub(super) struct FittedLens {
    pub(super) lens: CompactLens,
    /// 1 over the root of the mean |r_h|².
    pub(super) r_scale: f32,
}

/// Returns the Cholesky factor of a covariance with a ridge.
fn factor(mut covariance: DMatrix<f64>) -> Option<Cholesky<f64, Dyn>> {
    let mean = covariance.trace() / covariance.nrows() as f64;
    let added = RIDGE * mean;
    if !(added.is_finite() && 0.0 < added) {
        return None;
    }
    for i in 0..covariance.nrows() {
        covariance[(i, i)] += added;
    }
    Cholesky::new(covariance)
}

/// Returns the left singular vectors of the `count` largest singular values, as columns.
fn strongest(of: &DMatrix<f64>, count: usize) -> DMatrix<f64> {
    let eigen = SymmetricEigen::new(of * of.transpose());
    let mut order: Vec<usize> = (0..of.nrows()).collect();
    order.sort_by(|a, b| eigen.eigenvalues[*b].total_cmp(&eigen.eigenvalues[*a]));
    order.truncate(count);
    let columns: Vec<_> = order
        .iter()
        .map(|at| eigen.eigenvectors.column(*at))
        .collect();
    DMatrix::from_columns(&columns)
}

fn dense(matrix: &Matrix) -> DMatrix<f64> {
    let values = matrix.data.iter().map(|value| f64::from(*value));
    DMatrix::from_row_iterator(matrix.rows, matrix.cols, values)
}

/// Returns columns as the rows of a matrix of `rank` rows; missing rows are zero.
fn thin_matrix(columns: &DMatrix<f64>, rank: usize) -> Matrix {
    let mut rows = Matrix::zeros(rank, columns.nrows());
    for (row, column) in rows
        .data
        .chunks_exact_mut(columns.nrows())
        .zip(columns.column_iter())
    {
        for (value, from) in row.iter_mut().zip(column.iter()) {
            *value = *from as f32;
        }
    }
    rows
}
