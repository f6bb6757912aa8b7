//! A dense row-major matrix of f32, and a weight matrix packed for streaming.

use gemm::Parallelism;
use rayon::prelude::*;

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

    /// Row `index`, to be changed.
    pub fn row_mut(&mut self, index: usize) -> &mut [f32] {
        &mut self.data[index * self.cols..(index + 1) * self.cols]
    }

    /// The named rows, in that order.
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

    /// Appends a copy of rows that are there.
    pub(crate) fn repeat(&mut self, rows: std::ops::Range<usize>) {
        self.rows += rows.len();
        self.data
            .extend_from_within(rows.start * self.cols..rows.end * self.cols);
    }

    /// Adds `other`, which has the same shape.
    pub(crate) fn add(&mut self, other: &Self) {
        debug_assert_eq!((self.rows, self.cols), (other.rows, other.cols));
        for (a, b) in self.data.iter_mut().zip(&other.data) {
            *a += b;
        }
    }
}

/// Columns of a [`Linear`]'s panel: the widest register tile of `gemm`'s AVX-512 kernel, so that
/// each weight is read once, in the order in which it lies in memory. A short prompt costs what
/// reading the weights costs, and a row-major weight is read in strides.
const PANEL: usize = 48;

/// A linear map `y = x·W + b` whose weight is packed in panels of [`PANEL`] output columns.
#[derive(Debug, Clone)]
pub(crate) struct Linear {
    /// Rows of W.
    pub(crate) inputs: usize,
    /// Columns of W.
    pub(crate) outputs: usize,
    /// Panel after panel; inside a panel, input after input.
    panels: Vec<f32>,
    /// One value per output.
    pub(crate) bias: Option<Vec<f32>>,
}

/// A pointer to the output, of which every panel writes columns of its own.
#[derive(Clone, Copy)]
struct Output(*mut f32);

#[expect(unsafe_code, reason = "panels write disjoint columns of one buffer")]
// SAFETY: see `Linear::product`: no two panels write the same element.
unsafe impl Send for Output {}
#[expect(unsafe_code, reason = "panels write disjoint columns of one buffer")]
// SAFETY: as above.
unsafe impl Sync for Output {}

impl Output {
    fn at(self, offset: usize) -> *mut f32 {
        self.0.wrapping_add(offset)
    }
}

impl Linear {
    /// Packs a weight stored output by output, as `torch.nn.Linear` and GGUF keep it.
    ///
    /// # Shapes
    /// `weight`: `[outputs, inputs]`.
    pub(crate) fn from_output_major(weight: &[f32], inputs: usize, outputs: usize) -> Self {
        debug_assert_eq!(weight.len(), inputs * outputs);
        Self::pack(inputs, outputs, |panel, first| {
            let columns = panel.len() / inputs;
            for (column, row) in weight[first * inputs..]
                .chunks_exact(inputs)
                .take(columns)
                .enumerate()
            {
                for (input, value) in row.iter().enumerate() {
                    panel[input * columns + column] = *value;
                }
            }
        })
    }

    /// Packs a weight stored input by input, as GPT-2's `Conv1D` keeps it.
    ///
    /// # Shapes
    /// `weight`: `[inputs, outputs]`.
    pub(crate) fn from_input_major(weight: &[f32], inputs: usize, outputs: usize) -> Self {
        debug_assert_eq!(weight.len(), inputs * outputs);
        Self::pack(inputs, outputs, |panel, first| {
            let columns = panel.len() / inputs;
            for (row, source) in panel
                .chunks_exact_mut(columns)
                .zip(weight.chunks_exact(outputs))
            {
                row.copy_from_slice(&source[first..first + columns]);
            }
        })
    }

    fn pack(inputs: usize, outputs: usize, fill: impl Fn(&mut [f32], usize) + Sync) -> Self {
        let mut panels = vec![0.0; inputs * outputs];
        panels
            .par_chunks_mut(PANEL * inputs)
            .enumerate()
            .for_each(|(index, panel)| fill(panel, index * PANEL));
        Self {
            inputs,
            outputs,
            panels,
            bias: None,
        }
    }

    /// The same map with a bias of `outputs` values.
    pub(crate) fn with_bias(mut self, bias: Option<Vec<f32>>) -> Self {
        self.bias = bias;
        self
    }

    /// `x·W + b`.
    ///
    /// # Shapes
    /// `x`: `[rows, inputs]` → `[rows, outputs]`.
    pub(crate) fn forward(&self, x: &Matrix) -> Matrix {
        let mut y = self.product(x);
        if let Some(bias) = &self.bias {
            for row in y.data.chunks_exact_mut(self.outputs) {
                for (value, b) in row.iter_mut().zip(bias) {
                    *value += b;
                }
            }
        }
        y
    }

    /// `x·W`, without the bias.
    ///
    /// # Shapes
    /// `x`: `[rows, inputs]` → `[rows, outputs]`.
    pub(crate) fn product(&self, x: &Matrix) -> Matrix {
        assert_eq!(
            x.cols, self.inputs,
            "a linear map of {} inputs got {}",
            self.inputs, x.cols
        );
        let mut y = Matrix::zeros(x.rows, self.outputs);
        if x.rows == 0 {
            return y;
        }
        let output = Output(y.data.as_mut_ptr());
        self.panels
            .par_chunks(PANEL * self.inputs)
            .enumerate()
            .for_each(|(index, panel)| {
                let columns = panel.len() / self.inputs;
                #[expect(unsafe_code, reason = "gemm takes raw pointers")]
                // SAFETY: `x` is `rows × inputs`, `panel` is `inputs × columns`, and this panel alone
                // writes the columns `index·PANEL .. +columns` of the `rows × outputs` buffer `y`,
                // which outlives the parallel loop.
                unsafe {
                    gemm::gemm(
                        x.rows,
                        columns,
                        self.inputs,
                        output.at(index * PANEL),
                        1,
                        self.outputs as isize,
                        false,
                        x.data.as_ptr(),
                        1,
                        self.inputs as isize,
                        panel.as_ptr(),
                        1,
                        columns as isize,
                        0.0,
                        1.0,
                        false,
                        false,
                        false,
                        Parallelism::None,
                    );
                }
            });
        y
    }

    /// Column `output` of W: for an embedding or head matrix, the vector of one token.
    ///
    /// # Shapes
    /// → `[inputs]`.
    pub(crate) fn column(&self, output: usize) -> Vec<f32> {
        let start = output / PANEL * PANEL;
        let columns = PANEL.min(self.outputs - start);
        let panel = &self.panels[start * self.inputs..];
        let offset = output - start;
        (0..self.inputs)
            .map(|input| panel[input * columns + offset])
            .collect()
    }

    /// The mean of all columns of W.
    ///
    /// # Shapes
    /// → `[inputs]`.
    pub(crate) fn mean_column(&self) -> Vec<f32> {
        let mut sums = vec![0.0_f64; self.inputs];
        for panel in self.panels.chunks(PANEL * self.inputs) {
            let columns = panel.len() / self.inputs;
            for (sum, values) in sums.iter_mut().zip(panel.chunks_exact(columns)) {
                *sum += values.iter().map(|v| f64::from(*v)).sum::<f64>();
            }
        }
        sums.into_iter()
            .map(|sum| (sum / self.outputs as f64) as f32)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn naive(x: &Matrix, weight: &[f32], outputs: usize) -> Vec<f32> {
        let mut y = Vec::new();
        for row in 0..x.rows {
            for output in 0..outputs {
                let w = &weight[output * x.cols..(output + 1) * x.cols];
                y.push(x.row(row).iter().zip(w).map(|(a, b)| a * b).sum());
            }
        }
        y
    }

    proptest! {
        #[test]
        fn both_packings_multiply_as_the_definition_says(
            rows in 1_usize..20,
            inputs in 1_usize..40,
            outputs in 1_usize..120,
            seed in any::<u64>(),
        ) {
            let mut state = seed | 1;
            let mut next = || {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                (state % 2001) as f32 / 1000.0 - 1.0
            };
            let weight: Vec<f32> = (0..inputs * outputs).map(|_| next()).collect();
            let x = Matrix { rows, cols: inputs, data: (0..rows * inputs).map(|_| next()).collect() };
            let mut transposed = vec![0.0; weight.len()];
            for output in 0..outputs {
                for input in 0..inputs {
                    transposed[input * outputs + output] = weight[output * inputs + input];
                }
            }
            let expected = naive(&x, &weight, outputs);
            let by_output = Linear::from_output_major(&weight, inputs, outputs);
            let by_input = Linear::from_input_major(&transposed, inputs, outputs);
            for (a, b) in by_output.forward(&x).data.iter().zip(&expected) {
                prop_assert!((a - b).abs() < 1e-4);
            }
            prop_assert_eq!(by_output.forward(&x), by_input.forward(&x));
            let last = outputs - 1;
            prop_assert_eq!(by_output.column(last), &weight[last * inputs..]);
            let mean: f32 = (0..outputs).map(|o| weight[o * inputs]).sum::<f32>() / outputs as f32;
            prop_assert!((by_output.mean_column()[0] - mean).abs() < 1e-4);
        }
    }
}
