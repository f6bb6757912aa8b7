//! The compact lens of one head: A_h = W_U·(α_h·I + U_h·V_hᵀ) + b_h.

use hoplens_runtime::{Matrix, MatrixView};

use crate::lens::trained::adam::AdamMoments;

/// A lens of a scalar, two low-rank matrices and a vector.
///
/// Its logits are W_U·(α·r_h + U·Vᵀ·r_h + c) + b: b_h of the formula is b + W_U·c, where b (the log
/// of each token's mean probability) is the same for all heads. With α = 1, U = 0, c = 0 it is the
/// unembed lens with that bias.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CompactLens {
    /// α.
    pub(super) identity: f32,
    /// Uᵀ: `[rank, width]`.
    pub(super) u: Matrix,
    /// Vᵀ: `[rank, width]`.
    pub(super) v: Matrix,
    /// c: `[width]`.
    pub(super) c: Vec<f32>,
}

/// A lens as a map of z, the head's part of the attention output before the output projection.
///
/// r_h = W_O^hᵀ·z has the degrees of freedom of z, so training on z multiplies matrices of
/// `head_dim` instead of `width`.
#[derive(Debug, Clone)]
pub(super) struct ZMap {
    /// B: the lens' logits are W_U·(z·B + c) + b. `[head_dim, width]`.
    pub(super) map: Matrix,
    /// The intermediate product W_O^h·V: `[head_dim, rank]`.
    thin: Matrix,
}

/// The gradient of the loss with respect to a lens.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CompactGradient {
    identity: f32,
    u: Matrix,
    v: Matrix,
    c: Vec<f32>,
}

/// Adam's moments of a lens.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CompactMoments {
    identity: AdamMoments,
    u: AdamMoments,
    v: AdamMoments,
    c: AdamMoments,
}

impl CompactLens {
    /// Returns a lens that predicts the mean distribution for every output of the head.
    pub(super) fn constant(rank: usize, width: usize) -> Self {
        Self {
            identity: 0.0,
            u: Matrix::zeros(rank, width),
            v: Matrix::zeros(rank, width),
            c: vec![0.0; width],
        }
    }

    /// Returns a lens whose deviation from the mean distribution is scaled.
    pub(super) fn scaled(&self, by: f32) -> Self {
        let scaled = |values: &[f32]| values.iter().map(|value| value * by).collect();
        Self {
            identity: self.identity * by,
            u: Matrix {
                data: scaled(&self.u.data),
                ..self.u
            },
            v: self.v.clone(),
            c: scaled(&self.c),
        }
    }

    /// Maps r_h to the point that W_U reads.
    ///
    /// # Shapes
    /// `r`: `[positions, width]` → the same.
    pub(super) fn point(&self, r: &Matrix) -> Matrix {
        let (n, width, rank) = (r.rows, r.cols, self.v.rows);
        let mut thin = Matrix::zeros(n, rank);
        let v = MatrixView::new(&self.v.data, rank, width, width);
        MatrixView::new(&r.data, n, width, width).times(
            v.transposed(),
            1.0,
            &mut thin.data,
            rank,
            false,
        );
        let mut point = r.clone();
        for row in point.data.chunks_exact_mut(width) {
            for (value, c) in row.iter_mut().zip(&self.c) {
                *value = *value * self.identity + c;
            }
        }
        let u = MatrixView::new(&self.u.data, rank, width, width);
        MatrixView::new(&thin.data, n, rank, rank).times(u, 1.0, &mut point.data, width, true);
        point
    }

    /// Returns the same map for z.
    ///
    /// # Shapes
    /// `weights`: W_O^h, `[head_dim, width]`.
    pub(super) fn z_map(&self, weights: &Matrix) -> ZMap {
        let (dim, width, rank) = (weights.rows, weights.cols, self.v.rows);
        let mut thin = Matrix::zeros(dim, rank);
        let v = MatrixView::new(&self.v.data, rank, width, width);
        let output = MatrixView::new(&weights.data, dim, width, width);
        output.times(v.transposed(), 1.0, &mut thin.data, rank, false);
        let mut map = weights.clone();
        for value in &mut map.data {
            *value *= self.identity;
        }
        let u = MatrixView::new(&self.u.data, rank, width, width);
        MatrixView::new(&thin.data, dim, rank, rank).times(u, 1.0, &mut map.data, width, true);
        ZMap { map, thin }
    }

    /// Returns the gradient with respect to the lens, given those with respect to B and c.
    ///
    /// # Shapes
    /// `weights`, `map_grad`: `[head_dim, width]`; `c_grad`: `[width]`.
    pub(super) fn backward(
        &self,
        weights: &Matrix,
        from: &ZMap,
        map_grad: &[f32],
        c_grad: &[f32],
    ) -> CompactGradient {
        let (dim, width, rank) = (weights.rows, weights.cols, self.v.rows);
        let by = MatrixView::new(map_grad, dim, width, width);
        let mut u = Matrix::zeros(rank, width);
        let thin = MatrixView::new(&from.thin.data, dim, rank, rank);
        thin.transposed().times(by, 1.0, &mut u.data, width, false);
        let mut thin_grad = Matrix::zeros(dim, rank);
        let own_u = MatrixView::new(&self.u.data, rank, width, width);
        by.times(own_u.transposed(), 1.0, &mut thin_grad.data, rank, false);
        let mut v = Matrix::zeros(rank, width);
        let output = MatrixView::new(&weights.data, dim, width, width);
        let thin_grad = MatrixView::new(&thin_grad.data, dim, rank, rank).transposed();
        thin_grad.times(output, 1.0, &mut v.data, width, false);
        let products = weights.data.iter().zip(map_grad);
        let identity: f64 = products.map(|(w, by)| f64::from(*w) * f64::from(*by)).sum();
        CompactGradient {
            identity: identity as f32,
            u,
            v,
            c: c_grad.to_vec(),
        }
    }
}

impl CompactMoments {
    pub(super) fn new(lens: &CompactLens) -> Self {
        Self {
            identity: AdamMoments::new(1),
            u: AdamMoments::new(lens.u.data.len()),
            v: AdamMoments::new(lens.v.data.len()),
            c: AdamMoments::new(lens.c.len()),
        }
    }

    /// Returns the moments, each with the name of its tensor.
    pub(super) fn each(&self) -> [(&AdamMoments, &'static str); 4] {
        [
            (&self.identity, "identity"),
            (&self.u, "u"),
            (&self.v, "v"),
            (&self.c, "c"),
        ]
    }

    /// The same, mutable.
    pub(super) fn each_mut(&mut self) -> [(&mut AdamMoments, &'static str); 4] {
        [
            (&mut self.identity, "identity"),
            (&mut self.u, "u"),
            (&mut self.v, "v"),
            (&mut self.c, "c"),
        ]
    }

    /// Makes the `step`th step of Adam. `r_scale` is 1 over the typical length of r_h: the unit of
    /// V and α.
    pub(super) fn step(
        &mut self,
        lens: &mut CompactLens,
        grad: &CompactGradient,
        rate: f32,
        r_scale: f32,
        step: usize,
    ) {
        let identity = std::slice::from_mut(&mut lens.identity);
        self.identity
            .step(identity, &[grad.identity], rate * r_scale, step);
        self.u.step(&mut lens.u.data, &grad.u.data, rate, step);
        self.v
            .step(&mut lens.v.data, &grad.v.data, rate * r_scale, step);
        self.c.step(&mut lens.c, &grad.c, rate, step);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(rows: usize, cols: usize, seed: f32) -> Matrix {
        Matrix {
            rows,
            cols,
            data: (0..rows * cols)
                .map(|i| (i as f32 * 0.7 + seed).sin())
                .collect(),
        }
    }

    fn lens() -> CompactLens {
        CompactLens {
            identity: 0.3,
            u: filled(2, 5, 1.0),
            v: filled(2, 5, 2.0),
            c: filled(1, 5, 3.0).data,
        }
    }

    #[test]
    fn the_map_of_z_equals_the_map_of_r() {
        let (weights, z, lens) = (filled(3, 5, 4.0), filled(7, 3, 5.0), lens());
        let times = |a: &Matrix, b: &Matrix| {
            let mut product = Matrix::zeros(a.rows, b.cols);
            let b = MatrixView::new(&b.data, b.rows, b.cols, b.cols);
            let cols = product.cols;
            MatrixView::new(&a.data, a.rows, a.cols, a.cols).times(
                b,
                1.0,
                &mut product.data,
                cols,
                false,
            );
            product
        };
        let point = lens.point(&times(&z, &weights));
        let mut same = times(&z, &lens.z_map(&weights).map);
        for row in same.data.chunks_exact_mut(5) {
            for (value, c) in row.iter_mut().zip(&lens.c) {
                *value += c;
            }
        }
        for (one, other) in point.data.iter().zip(&same.data) {
            assert!((one - other).abs() < 1e-5);
        }
    }

    /// Compares the gradient of Σ B∘G + c·g with finite differences.
    #[test]
    fn gradients_equal_finite_differences() {
        let (weights, map_grad, c_grad) = (filled(3, 5, 4.0), filled(3, 5, 6.0), filled(1, 5, 7.0));
        let value = |lens: &CompactLens| -> f64 {
            let map = lens.z_map(&weights).map;
            let dot = |a: &[f32], b: &[f32]| -> f64 {
                a.iter()
                    .zip(b)
                    .map(|(a, b)| f64::from(*a) * f64::from(*b))
                    .sum()
            };
            dot(&map.data, &map_grad.data) + dot(&lens.c, &c_grad.data)
        };
        let own = lens();
        let from = own.z_map(&weights);
        let by = own.backward(&weights, &from, &map_grad.data, &c_grad.data);
        let check = |slope: f32, change: &dyn Fn(&mut CompactLens, f32)| {
            let moved = |by: f32| {
                let mut lens = lens();
                change(&mut lens, by);
                value(&lens)
            };
            let difference = (moved(1e-2) - moved(-1e-2)) / 2e-2;
            assert!(
                (difference - f64::from(slope)).abs() < 1e-3,
                "{difference} {slope}"
            );
        };
        check(by.identity, &|lens, by| lens.identity += by);
        for i in 0..10 {
            check(by.u.data[i], &|lens, by| lens.u.data[i] += by);
            check(by.v.data[i], &|lens, by| lens.v.data[i] += by);
        }
        for i in 0..5 {
            check(by.c[i], &|lens, by| lens.c[i] += by);
        }
    }
}
