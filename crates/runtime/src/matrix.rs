//! A dense row-major matrix of f32.

use rayon::prelude::*;

/// The number of values that one parallel task processes in element-wise work. It is large enough
/// that the work outweighs the overhead of a task.
pub(crate) const VALUES_PER_TASK: usize = 1 << 13;

/// A dense row-major matrix of f32.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Matrix {
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub cols: usize,
    /// The values, row after row: `[rows, cols]`.
    pub data: Vec<f32>,
}

impl Matrix {
    /// Returns a matrix of zeros.
    pub fn zeros(rows: usize, cols: usize) -> Self {
        Self {
            rows,
            cols,
            data: vec![0.0; rows * cols],
        }
    }

    /// Returns row `index`.
    pub fn row(&self, index: usize) -> &[f32] {
        &self.data[index * self.cols..(index + 1) * self.cols]
    }

    /// Returns row `index` for a change.
    pub fn row_mut(&mut self, index: usize) -> &mut [f32] {
        &mut self.data[index * self.cols..(index + 1) * self.cols]
    }

    /// Returns a matrix of the rows with these indices, in this order.
    pub fn select(&self, rows: impl IntoIterator<Item = usize>) -> Self {
        let mut data = Vec::new();
        let mut count = 0;
        for row in rows {
            data.extend_from_slice(self.row(row));
            count += 1;
        }
        Self {
            rows: count,
            cols: self.cols,
            data,
        }
    }

    /// Changes the shape and reuses the memory. The values are unspecified afterwards: the caller
    /// must write all of them.
    pub(crate) fn reshape(&mut self, rows: usize, cols: usize) {
        self.rows = rows;
        self.cols = cols;
        self.data.resize(rows * cols, 0.0);
    }

    /// Appends a row with `cols` values.
    pub(crate) fn push_row(&mut self, row: &[f32]) {
        debug_assert_eq!(row.len(), self.cols);
        self.rows += 1;
        self.data.extend_from_slice(row);
    }

    /// Appends a row of zeros.
    pub(crate) fn push_zeros(&mut self) {
        self.rows += 1;
        self.data.resize(self.rows * self.cols, 0.0);
    }

    /// Appends the rows of `other`, which must have the same number of columns.
    pub fn append(&mut self, other: &Self) {
        debug_assert_eq!(self.cols, other.cols);
        self.rows += other.rows;
        self.data.extend_from_slice(&other.data);
    }

    /// Removes all rows after the first `rows`.
    pub(crate) fn truncate(&mut self, rows: usize) {
        self.rows = self.rows.min(rows);
        self.data.truncate(rows * self.cols);
    }

    /// Appends a copy of row `row`.
    pub(crate) fn repeat_row(&mut self, row: usize) {
        self.rows += 1;
        self.data
            .extend_from_within(row * self.cols..(row + 1) * self.cols);
    }

    /// Adds `other`, which must have the same shape, value by value.
    pub(crate) fn add(&mut self, other: &Self) {
        debug_assert_eq!((self.rows, self.cols), (other.rows, other.cols));
        self.data
            .par_chunks_mut(VALUES_PER_TASK)
            .zip(other.data.par_chunks(VALUES_PER_TASK))
            .for_each(|(a, b)| add(a, b));
    }

    /// Returns the size of the values in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.data.len() * size_of::<f32>()
    }
}

/// Adds `b` to `a`, value by value.
pub(crate) fn add(a: &mut [f32], b: &[f32]) {
    for (a, b) in a.iter_mut().zip(b) {
        *a += b;
    }
}
