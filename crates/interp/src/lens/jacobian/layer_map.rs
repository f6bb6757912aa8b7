//! The matrix of one layer.

use half::f16;
use hoplens_runtime::{Matrix, MatrixView};

/// The matrix J_l of one layer.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum LayerMap {
    /// `[width, width]`, `J[out, in]`.
    Full(Matrix),
    /// J_l ≈ left·right.
    Factors {
        /// `[width, rank]`.
        left: Matrix,
        /// `[rank, width]`.
        right: Matrix,
    },
}

impl LayerMap {
    /// J_l·h for each row h.
    ///
    /// # Shapes
    /// `rows`: `[n, width]` → `[n, width]`.
    pub(super) fn apply(&self, rows: &Matrix) -> Matrix {
        match self {
            Self::Full(map) => product(rows, view(map).transposed()),
            Self::Factors { left, right } => {
                let inner = product(rows, view(right).transposed());
                product(&inner, view(left).transposed())
            }
        }
    }

    /// J_lᵀ·u for each row u.
    ///
    /// # Shapes
    /// `rows`: `[n, width]` → `[n, width]`.
    pub(super) fn apply_transposed(&self, rows: &Matrix) -> Matrix {
        match self {
            Self::Full(map) => product(rows, view(map)),
            Self::Factors { left, right } => product(&product(rows, view(left)), view(right)),
        }
    }

    /// The same map with its values rounded to f16, as a file stores them.
    pub(super) fn rounded(mut self) -> Self {
        let round = |matrix: &mut Matrix| {
            for value in &mut matrix.data {
                *value = f16::from_f32(*value).to_f32();
            }
        };
        match &mut self {
            Self::Full(map) => round(map),
            Self::Factors { left, right } => {
                round(left);
                round(right);
            }
        }
        self
    }

    /// Whether all values are finite.
    pub(super) fn is_finite(&self) -> bool {
        let finite = |matrix: &Matrix| matrix.data.iter().all(|value| value.is_finite());
        match self {
            Self::Full(map) => finite(map),
            Self::Factors { left, right } => finite(left) && finite(right),
        }
    }
}

fn view(matrix: &Matrix) -> MatrixView<'_> {
    MatrixView::new(&matrix.data, matrix.rows, matrix.cols, matrix.cols)
}

fn product(rows: &Matrix, by: MatrixView<'_>) -> Matrix {
    let cols = by.transposed().rows();
    let mut result = Matrix::zeros(rows.rows, cols);
    view(rows).times(by, 1.0, &mut result.data, cols, false);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(rows: usize, cols: usize, seed: f32) -> Matrix {
        Matrix {
            rows,
            cols,
            data: (0..rows * cols)
                .map(|i| (i as f32 * 1.3 + seed).sin())
                .collect(),
        }
    }

    #[test]
    fn factors_act_like_their_product() {
        let (left, right) = (matrix(5, 2, 0.1), matrix(2, 5, 0.7));
        let full = LayerMap::Full(product(&left, view(&right)));
        let factors = LayerMap::Factors { left, right };
        let rows = matrix(3, 5, 2.0);
        for (a, b) in [
            (full.apply(&rows), factors.apply(&rows)),
            (
                full.apply_transposed(&rows),
                factors.apply_transposed(&rows),
            ),
        ] {
            assert_eq!((a.rows, a.cols), (3, 5));
            for (a, b) in a.data.iter().zip(&b.data) {
                assert!((a - b).abs() < 1e-5, "{a} is not {b}");
            }
        }
    }

    #[test]
    fn the_map_multiplies_from_the_left() {
        let map = LayerMap::Full(Matrix {
            rows: 2,
            cols: 2,
            data: vec![0.0, 3.0, 0.0, 0.0],
        });
        let rows = Matrix {
            rows: 1,
            cols: 2,
            data: vec![5.0, 7.0],
        };
        assert_eq!(map.apply(&rows).data, [21.0, 0.0]);
        assert_eq!(map.apply_transposed(&rows).data, [0.0, 15.0]);
    }
}
