//! The compact lens of one head: A_h = W_U·(α_h·I + U_h·V_hᵀ) + b_h.

use hoplens_runtime::{Matrix, View};

use crate::lens::trained::adam::AdamMoments;

/// A lens of a number, two thin matrices and a vector.
///
/// It reads r_h and gives logits W_U·(α·r_h + U·Vᵀ·r_h + c) + b: so b_h of the formula is b + W_U·c,
/// where b (the log of how likely each token is on average) is the same for all heads. With α = 1,
/// U = 0, c = 0 it is the unembed lens with that bias.
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

/// What a lens makes of z, the part of the attention's output that is the head's own.
///
/// r_h = W_O^hᵀ·z has as few degrees of freedom as z, so that a step that stays with z multiplies
/// matrices of `head_dim` instead of `width`.
#[derive(Debug, Clone)]
pub(super) struct ZMap {
    /// B, of which z·B + c is the point whose logits the lens gives: `[head_dim, width]`.
    pub(super) map: Matrix,
    /// W_O^h·V, on the way to it: `[head_dim, rank]`.
    thin: Matrix,
}

/// Slopes of the loss by a lens' values.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Gradient {
    identity: f32,
    u: Matrix,
    v: Matrix,
    c: Vec<f32>,
}

/// What Adam keeps of a lens.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CompactMoments {
    identity: AdamMoments,
    u: AdamMoments,
    v: AdamMoments,
    c: AdamMoments,
}

impl CompactLens {
    /// A lens that says what is likely on average, whatever the head writes.
    pub(super) fn silent(rank: usize, width: usize) -> Self {
        Self {
            identity: 0.0,
            u: Matrix::zeros(rank, width),
            v: Matrix::zeros(rank, width),
            c: vec![0.0; width],
        }
    }

    /// A lens that departs from the average so many times as far.
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

    /// The point that the lens takes r_h to, in the space that W_U reads.
    ///
    /// # Shapes
    /// `r`: `[n, width]` → the same.
    pub(super) fn point(&self, r: &Matrix) -> Matrix {
        let (n, width, rank) = (r.rows, r.cols, self.v.rows);
        let mut thin = Matrix::zeros(n, rank);
        let v = View::new(&self.v.data, rank, width, width);
        View::new(&r.data, n, width, width).times(v.transposed(), 1.0, &mut thin.data, rank, false);
        let mut point = r.clone();
        for row in point.data.chunks_exact_mut(width) {
            for (value, c) in row.iter_mut().zip(&self.c) {
                *value = *value * self.identity + c;
            }
        }
        let u = View::new(&self.u.data, rank, width, width);
        View::new(&thin.data, n, rank, rank).times(u, 1.0, &mut point.data, width, true);
        point
    }

    /// The same for z.
    ///
    /// # Shapes
    /// `weights`: W_O^h, `[head_dim, width]`.
    pub(super) fn z_map(&self, weights: &Matrix) -> ZMap {
        let (dim, width, rank) = (weights.rows, weights.cols, self.v.rows);
        let mut thin = Matrix::zeros(dim, rank);
        let v = View::new(&self.v.data, rank, width, width);
        let output = View::new(&weights.data, dim, width, width);
        output.times(v.transposed(), 1.0, &mut thin.data, rank, false);
        let mut map = weights.clone();
        for value in &mut map.data {
            *value *= self.identity;
        }
        let u = View::new(&self.u.data, rank, width, width);
        View::new(&thin.data, dim, rank, rank).times(u, 1.0, &mut map.data, width, true);
        ZMap { map, thin }
    }

    /// The slopes by the lens' values, given those by B and by c.
    ///
    /// # Shapes
    /// `weights`, `by_map`: `[head_dim, width]`; `by_c`: `[width]`.
    pub(super) fn back(
        &self,
        weights: &Matrix,
        from: &ZMap,
        by_map: &[f32],
        by_c: &[f32],
    ) -> Gradient {
        let (dim, width, rank) = (weights.rows, weights.cols, self.v.rows);
        let by = View::new(by_map, dim, width, width);
        let mut u = Matrix::zeros(rank, width);
        let thin = View::new(&from.thin.data, dim, rank, rank);
        thin.transposed().times(by, 1.0, &mut u.data, width, false);
        let mut by_thin = Matrix::zeros(dim, rank);
        let own_u = View::new(&self.u.data, rank, width, width);
        by.times(own_u.transposed(), 1.0, &mut by_thin.data, rank, false);
        let mut v = Matrix::zeros(rank, width);
        let output = View::new(&weights.data, dim, width, width);
        let by_thin = View::new(&by_thin.data, dim, rank, rank).transposed();
        by_thin.times(output, 1.0, &mut v.data, width, false);
        let products = weights.data.iter().zip(by_map);
        let identity: f64 = products.map(|(w, by)| f64::from(*w) * f64::from(*by)).sum();
        Gradient {
            identity: identity as f32,
            u,
            v,
            c: by_c.to_vec(),
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

    /// Each with the name of what it moves.
    pub(super) fn each(&self) -> [(&AdamMoments, &'static str); 4] {
        [
            (&self.identity, "identity"),
            (&self.u, "u"),
            (&self.v, "v"),
            (&self.c, "c"),
        ]
    }

    /// The same, to be filled.
    pub(super) fn each_mut(&mut self) -> [(&mut AdamMoments, &'static str); 4] {
        [
            (&mut self.identity, "identity"),
            (&mut self.u, "u"),
            (&mut self.v, "v"),
            (&mut self.c, "c"),
        ]
    }

    /// One step of Adam, the `step`th. `r_scale` is one over the length of r_h: what V's values,
    /// and α's, are counted in.
    pub(super) fn step(
        &mut self,
        lens: &mut CompactLens,
        by: &Gradient,
        rate: f32,
        r_scale: f32,
        step: usize,
    ) {
        let identity = std::slice::from_mut(&mut lens.identity);
        self.identity
            .step(identity, &[by.identity], rate * r_scale, step);
        self.u.step(&mut lens.u.data, &by.u.data, rate, step);
        self.v
            .step(&mut lens.v.data, &by.v.data, rate * r_scale, step);
        self.c.step(&mut lens.c, &by.c, rate, step);
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
    fn z_and_what_is_written_of_it_are_taken_to_the_same_point() {
        let (weights, z, lens) = (filled(3, 5, 4.0), filled(7, 3, 5.0), lens());
        let times = |a: &Matrix, b: &Matrix| {
            let mut product = Matrix::zeros(a.rows, b.cols);
            let b = View::new(&b.data, b.rows, b.cols, b.cols);
            let cols = product.cols;
            View::new(&a.data, a.rows, a.cols, a.cols).times(
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

    /// The slope of Σ B∘G + c·g by each value, against differences.
    #[test]
    fn slopes_are_those_of_the_map() {
        let (weights, by_map, by_c) = (filled(3, 5, 4.0), filled(3, 5, 6.0), filled(1, 5, 7.0));
        let value = |lens: &CompactLens| -> f64 {
            let map = lens.z_map(&weights).map;
            let dot = |a: &[f32], b: &[f32]| -> f64 {
                a.iter()
                    .zip(b)
                    .map(|(a, b)| f64::from(*a) * f64::from(*b))
                    .sum()
            };
            dot(&map.data, &by_map.data) + dot(&lens.c, &by_c.data)
        };
        let own = lens();
        let from = own.z_map(&weights);
        let by = own.back(&weights, &from, &by_map.data, &by_c.data);
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
