//! The transpose of a linear map, which turns gradients of its output into gradients of its input.

use crate::linear::Linear;
use crate::matrix::Matrix;
use crate::matrix_view::MatrixView;

/// The transposed weight of a linear map.
pub(super) enum TransposedMap<'a> {
    /// The map itself: nothing is copied, which is best for few rows.
    Packed(&'a Linear),
    /// A transposed copy, `[outputs, inputs]`: the products of many rows are twice as fast.
    Copied(Matrix),
}

impl<'a> TransposedMap<'a> {
    /// The transpose of `map`, as a copy if `copies`.
    pub(super) fn new(map: &'a Linear, copies: bool) -> Self {
        if copies {
            Self::Copied(map.transposed())
        } else {
            Self::Packed(map)
        }
    }

    /// Writes the gradients of the map's inputs to the first columns of `x`.
    ///
    /// # Shapes
    /// `y`: `[rows, outputs]` → `x`: `[rows, at least inputs]`.
    pub(super) fn multiply(&self, y: &Matrix, x: &mut Matrix) {
        match self {
            Self::Packed(map) => {
                let inputs = map.backward(y);
                let rows = x.data.chunks_exact_mut(x.cols);
                for (row, values) in rows.zip(inputs.data.chunks_exact(inputs.cols)) {
                    row[..inputs.cols].copy_from_slice(values);
                }
            }
            Self::Copied(weight) => {
                let weight = MatrixView::new(&weight.data, weight.rows, weight.cols, weight.cols);
                let y = MatrixView::new(&y.data, y.rows, y.cols, y.cols);
                y.times(weight, 1.0, &mut x.data, x.cols, false);
            }
        }
    }
}
