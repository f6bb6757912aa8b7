//! The best approximation of a matrix by one of a lower rank.

use nalgebra::{DMatrix, SymmetricEigen};

use crate::lens::jacobian::layer_map::LayerMap;
use hoplens_runtime::Matrix;

/// Returns the truncated singular value decomposition of a matrix (Eckart-Young), with each
/// singular value divided equally between the factors, so that both have the same size.
///
/// # Shapes
/// `map`: `[width, width]`.
pub(super) fn truncate(map: &Matrix, rank: usize) -> LayerMap {
    let width = map.cols;
    if rank >= width {
        return LayerMap::Full(map.clone());
    }
    let full = DMatrix::from_row_iterator(map.rows, width, map.data.iter().copied().map(f64::from));
    // The eigenvectors of JᵀJ are J's right singular vectors.
    let eigen = SymmetricEigen::new(full.tr_mul(&full));
    let mut order: Vec<usize> = (0..width).collect();
    order.sort_by(|a, b| eigen.eigenvalues[*b].total_cmp(&eigen.eigenvalues[*a]));
    order.truncate(rank);
    let right = eigen.eigenvectors.select_columns(&order);
    let mut left = &full * &right;
    let mut right = right.transpose();
    for (index, column) in order.iter().enumerate() {
        let root = eigen.eigenvalues[*column].max(0.0).sqrt().sqrt();
        if root > 0.0 {
            left.column_mut(index).unscale_mut(root);
        }
        right.row_mut(index).scale_mut(root);
    }
    LayerMap::Factors {
        left: rows(&left),
        right: rows(&right),
    }
}

fn rows(matrix: &DMatrix<f64>) -> Matrix {
    Matrix {
        rows: matrix.nrows(),
        cols: matrix.ncols(),
        // A matrix of nalgebra is stored column after column.
        data: matrix
            .transpose()
            .iter()
            .map(|value| *value as f32)
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(width: usize, index: usize) -> Matrix {
        let mut unit = Matrix::zeros(1, width);
        unit.data[index] = 1.0;
        unit
    }

    /// The entries of a map.
    fn dense(map: &LayerMap, width: usize) -> Vec<Vec<f32>> {
        (0..width)
            .map(|input| map.apply(&unit(width, input)).data)
            .collect()
    }

    #[test]
    fn a_matrix_of_the_rank_is_kept() {
        let width = 7;
        let mut map = Matrix::zeros(width, width);
        for row in 0..width {
            for col in 0..width {
                let (a, b) = (row as f32, col as f32);
                map.row_mut(row)[col] = (a + 1.0) * (b - 2.0) + (a * 0.7).sin() * (b * 1.1).cos();
            }
        }
        let kept = truncate(&map, 2);
        for (input, column) in dense(&kept, width).iter().enumerate() {
            for (row, value) in column.iter().enumerate() {
                assert!((value - map.row(row)[input]).abs() < 1e-3);
            }
        }
    }

    #[test]
    fn the_largest_singular_values_are_kept() {
        let width = 4;
        let mut map = Matrix::zeros(width, width);
        for (index, value) in [0.5, -3.0, 2.0, 0.1].into_iter().enumerate() {
            map.row_mut(index)[index] = value;
        }
        let kept = dense(&truncate(&map, 2), width);
        for (index, expected) in [0.0, -3.0, 2.0, 0.0].into_iter().enumerate() {
            assert!((kept[index][index] - expected).abs() < 1e-5);
        }
    }

    #[test]
    fn nothing_is_truncated_at_the_full_width() {
        let map = unit(1, 0);
        assert_eq!(truncate(&map, 1), LayerMap::Full(map));
    }
}
