//! Products of small matrices that lie inside larger ones.

use gemm::Parallelism;

/// A matrix inside a slice, row by row or column by column.
#[derive(Debug, Clone, Copy)]
pub struct MatrixView<'a> {
    data: &'a [f32],
    rows: usize,
    cols: usize,
    row_stride: usize,
    col_stride: usize,
}

impl<'a> MatrixView<'a> {
    /// `rows × cols` values, of which each row begins `stride` values after the one before.
    ///
    /// # Panics
    /// The slice ends before the matrix does.
    pub fn new(data: &'a [f32], rows: usize, cols: usize, stride: usize) -> Self {
        let end = if rows == 0 || cols == 0 {
            0
        } else {
            (rows - 1) * stride + cols
        };
        assert!(
            cols <= stride && end <= data.len(),
            "a view of {rows} × {cols} values, {stride} apart, in {}",
            data.len()
        );
        Self {
            data,
            rows,
            cols,
            row_stride: stride,
            col_stride: 1,
        }
    }

    /// Its number of rows.
    pub fn rows(self) -> usize {
        self.rows
    }

    /// The same values with rows and columns exchanged.
    pub fn transposed(self) -> Self {
        Self {
            rows: self.cols,
            cols: self.rows,
            row_stride: self.col_stride,
            col_stride: self.row_stride,
            ..self
        }
    }

    /// `c ← factor·self·b`, or `c ← c + factor·self·b` where it `adds`; each row of `c` begins
    /// `stride` values after the one before. On this thread.
    ///
    /// # Shapes
    /// `self`: `[m, k]`, `b`: `[k, n]`, `c`: `[m, n]`.
    ///
    /// # Panics
    /// The shapes do not fit, or `c` ends too early.
    pub fn times(self, b: MatrixView<'_>, factor: f32, c: &mut [f32], stride: usize, adds: bool) {
        assert_eq!(self.cols, b.rows, "the shapes of a product");
        // Checks that `c` holds the result.
        let target = MatrixView::new(c, self.rows, b.cols, stride);
        let (rows, cols) = (target.rows, target.cols);
        if rows == 0 || cols == 0 {
            return;
        }
        #[expect(unsafe_code, reason = "gemm takes raw pointers")]
        // SAFETY: a view lies inside its slice, which was checked when it was made; `c` holds
        // `rows × cols` values in rows of `stride`, and nobody else has it.
        unsafe {
            gemm::gemm(
                rows,
                cols,
                self.cols,
                c.as_mut_ptr(),
                1,
                stride as isize,
                adds,
                self.data.as_ptr(),
                self.col_stride as isize,
                self.row_stride as isize,
                b.data.as_ptr(),
                b.col_stride as isize,
                b.row_stride as isize,
                1.0,
                factor,
                false,
                false,
                false,
                Parallelism::None,
            );
        }
    }
}
