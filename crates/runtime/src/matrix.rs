//! A dense row-major matrix of f32.

use rayon::prelude::*;

/// Values that one parallel task of element-wise work processes: enough to outweigh its overhead.
pub(crate) const VALUES_PER_TASK: usize = 1 << 13;

/// A dense row-major matrix of f32.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Matrix {
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub cols: usize,
    /// `rows × cols` values, row after row.
    pub data: Vec<f32>,
}

impl Matrix {
    /// A matrix of zeros.
    pub fn zeros(rows: usize, cols: usize) -> Self {
        Self {
            rows,
            cols,
            data: vec![0.0; rows * cols],
        }
    }

    /// Row `index`.
    pub fn row(&self, index: usize) -> &[f32] {
        &self.data[index * self.cols..(index + 1) * self.cols]
    }

    /// Row `index`, mutable.
    pub fn row_mut(&mut self, index: usize) -> &mut [f32] {
        &mut self.data[index * self.cols..(index + 1) * self.cols]
    }

    /// A matrix of the given rows, in that order.
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

    /// Changes the shape. The values are unspecified afterwards: the caller writes all of them.
    pub(crate) fn reshape(&mut self, rows: usize, cols: usize) {
        self.rows = rows;
        self.cols = cols;
        self.data.resize(rows * cols, 0.0);
    }

    /// Appends a row.
    pub(crate) fn push_row(&mut self, row: &[f32]) {
        debug_assert_eq!(row.len(), self.cols);
        self.rows += 1;
        self.data.extend_from_slice(row);
    }

    /// Appends the rows of `other`, which has as many columns.
    pub fn append(&mut self, other: &Self) {
        debug_assert_eq!(self.cols, other.cols);
        self.rows += other.rows;
        self.data.extend_from_slice(&other.data);
    }

    /// Keeps the first `rows` rows.
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

    /// Adds `other`, which has the same shape.
    pub(crate) fn add(&mut self, other: &Self) {
        debug_assert_eq!((self.rows, self.cols), (other.rows, other.cols));
        self.data
            .par_chunks_mut(VALUES_PER_TASK)
            .zip(other.data.par_chunks(VALUES_PER_TASK))
            .for_each(|(a, b)| add(a, b));
    }

    /// The size of the values, in bytes.
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
