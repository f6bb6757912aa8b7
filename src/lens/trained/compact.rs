//! The compact lens of one head: A_h = W_U·(I + U_h·V_hᵀ) + b_h.

use crate::model::{Matrix, View};

use super::adam::Moments;

/// A lens of two thin matrices and a vector.
///
/// It reads r_h and gives logits W_U·(r_h + U·Vᵀ·r_h + c) + b: so b_h of the formula is b + W_U·c,
/// where b (the log of how likely each token is on average) is the same for all heads.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Compact {
    /// Uᵀ: `[rank, width]`.
    pub(super) u: Matrix,
    /// Vᵀ: `[rank, width]`.
    pub(super) v: Matrix,
    /// c: `[width]`.
    pub(super) c: Vec<f32>,
}

/// Slopes of the loss by a lens' values, or what Adam keeps of them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Gradient {
    u: Matrix,
    v: Matrix,
    c: Vec<f32>,
}

/// What Adam keeps of a lens.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CompactMoments {
    pub(super) u: Moments,
    pub(super) v: Moments,
    pub(super) c: Moments,
}

impl Compact {
    /// The point that the lens takes r_h to, in the space that W_U reads, and Vᵀ·r_h on the way.
    ///
    /// # Shapes
    /// `r`: `[n, width]` → `[n, width]`, `[n, rank]`.
    pub(super) fn point(&self, r: &Matrix) -> (Matrix, Matrix) {
        let (n, width, rank) = (r.rows, r.cols, self.v.rows);
        let mut thin = Matrix::zeros(n, rank);
        let v = View::new(&self.v.data, rank, width, width);
        View::new(&r.data, n, width, width).times(v.transposed(), 1.0, &mut thin.data, rank, false);
        let mut point = r.clone();
        for row in point.data.chunks_exact_mut(width) {
            for (value, c) in row.iter_mut().zip(&self.c) {
                *value += c;
            }
        }
        let u = View::new(&self.u.data, rank, width, width);
        View::new(&thin.data, n, rank, rank).times(u, 1.0, &mut point.data, width, true);
        (point, thin)
    }

    /// The slopes by the lens' values, given those by its points.
    ///
    /// # Shapes
    /// `r`, `by_point`: `[n, width]`; `thin`: `[n, rank]`.
    pub(super) fn back(&self, r: &Matrix, thin: &Matrix, by_point: &Matrix) -> Gradient {
        let (n, width, rank) = (r.rows, r.cols, self.v.rows);
        let by = View::new(&by_point.data, n, width, width);
        let mut u = Matrix::zeros(rank, width);
        let thin = View::new(&thin.data, n, rank, rank);
        thin.transposed().times(by, 1.0, &mut u.data, width, false);
        let mut by_thin = Matrix::zeros(n, rank);
        let own_u = View::new(&self.u.data, rank, width, width);
        by.times(own_u.transposed(), 1.0, &mut by_thin.data, rank, false);
        let mut v = Matrix::zeros(rank, width);
        let r = View::new(&r.data, n, width, width);
        View::new(&by_thin.data, n, rank, rank).transposed().times(
            r,
            1.0,
            &mut v.data,
            width,
            false,
        );
        let mut c = vec![0.0; width];
        for row in by_point.data.chunks_exact(width) {
            for (sum, value) in c.iter_mut().zip(row) {
                *sum += value;
            }
        }
        Gradient { u, v, c }
    }
}

impl CompactMoments {
    pub(super) fn new(lens: &Compact) -> Self {
        Self {
            u: Moments::new(lens.u.data.len()),
            v: Moments::new(lens.v.data.len()),
            c: Moments::new(lens.c.len()),
        }
    }

    /// One step of Adam, the `step`th. V's values are `v_scale` times as large as the others'.
    pub(super) fn step(
        &mut self,
        lens: &mut Compact,
        by: &Gradient,
        rate: f32,
        v_scale: f32,
        step: usize,
    ) {
        self.u.step(&mut lens.u.data, &by.u.data, rate, step);
        self.v
            .step(&mut lens.v.data, &by.v.data, rate * v_scale, step);
        self.c.step(&mut lens.c, &by.c, rate, step);
    }
}
