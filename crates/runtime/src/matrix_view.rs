//! Products of matrices that are parts of larger ones.

use gemm::Parallelism;

/// A strided matrix inside a slice.
#[derive(Debug, Clone, Copy)]
pub struct MatrixView<'a> {
    data: &'a [f32],
    rows: usize,
    cols: usize,
    row_stride: usize,
    col_stride: usize,
}

impl<'a> MatrixView<'a> {
    /// A view of `rows × cols` values whose rows start `stride` values apart.
    ///
    /// # Panics
    /// The slice is too short.
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

    /// The number of rows.
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

    /// Computes `c ← factor·self·b`, or `c ← c + factor·self·b` where `adds` is set, on this thread.
    /// The rows of `c` start `stride` values apart.
    ///
    /// # Shapes
    /// `self`: `[m, k]`, `b`: `[k, n]`, `c`: `[m, n]`.
    ///
    /// # Panics
    /// The shapes do not match, or `c` is too short.
    pub fn times(self, b: MatrixView<'_>, factor: f32, c: &mut [f32], stride: usize, adds: bool) {
        assert_eq!(self.cols, b.rows, "the shapes of a product");
        // Checks that `c` holds the result.
        let target = MatrixView::new(c, self.rows, b.cols, stride);
        let (rows, cols) = (target.rows, target.cols);
        if rows == 0 || cols == 0 {
            return;
        }
        #[expect(unsafe_code, reason = "gemm takes raw pointers")]
        // SAFETY: `new` checks that a view is inside its slice; `c` holds `rows × cols` values in
        // rows of `stride` and is borrowed mutably.
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
