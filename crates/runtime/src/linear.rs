//! A linear map whose weight is packed for streaming.

use candle_core::Device;
use gemm::Parallelism;
use rayon::prelude::*;

use crate::device::DeviceWeight;
use crate::error::ModelError;
use crate::matrix::{Matrix, add};
use crate::matrix_view::MatrixView;

/// Columns of a [`Linear`]'s panel: the widest register tile of `gemm`'s AVX-512 kernel. Each weight
/// is then read once and in memory order, while a row-major weight is read in strides; for a short
/// prompt, reading the weights takes almost all of the time.
const PANEL: usize = 48;

/// The most rows of a product that one task computes, about: few enough that no thread waits long for
/// the last task of another one, many enough to pay for reading the weights.
const BLOCK: usize = 128;

/// Rows of x that `gemm`'s AVX-512 kernel multiplies at a time.
const TILE: usize = 6;

/// Products of at most this many [`TILE`]s read a panel where it is.
const UNPACKED_TILES: usize = 256;

/// Makes `gemm` read a panel of weights where it is. It would copy the panel first in products of more
/// than a few rows, although a panel has the layout of the copy.
pub(crate) fn read_panels_in_place() {
    gemm::set_lhs_packing_threshold_single_thread(UNPACKED_TILES);
}

/// The rows of each task of a product over `rows` rows: equal shares of whole tiles.
fn rows_per_block(rows: usize) -> usize {
    let blocks = rows.div_ceil(BLOCK).max(1);
    rows.div_ceil(blocks).next_multiple_of(TILE)
}

/// Inputs whose gradient one task computes.
const SLICE: usize = 96;

/// A linear map `y = x·W + b` whose weight is packed in panels of [`PANEL`] output columns.
#[derive(Debug, Clone)]
pub(crate) struct Linear {
    /// Rows of W.
    pub(crate) inputs: usize,
    /// Columns of W.
    pub(crate) outputs: usize,
    /// Panel after panel; inside a panel, input after input.
    panels: Vec<f32>,
    /// A copy of the weight on the device that multiplies it instead.
    on_device: Option<DeviceWeight>,
    /// One value per output.
    pub(crate) bias: Option<Vec<f32>>,
}

/// A pointer to an output buffer of which every task writes different elements.
#[derive(Clone, Copy)]
pub(super) struct OutputPtr(pub(super) *mut f32);

#[expect(unsafe_code, reason = "tasks write disjoint elements of one buffer")]
// SAFETY: the code that creates one ensures that no two tasks write the same element.
unsafe impl Send for OutputPtr {}
#[expect(unsafe_code, reason = "tasks write disjoint elements of one buffer")]
// SAFETY: as above.
unsafe impl Sync for OutputPtr {}

impl OutputPtr {
    pub(super) fn at(self, offset: usize) -> *mut f32 {
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
            on_device: None,
            bias: None,
        }
    }

    /// The same map with a bias of `outputs` values.
    pub(crate) fn with_bias(mut self, bias: Option<Vec<f32>>) -> Self {
        self.bias = bias;
        self
    }

    /// Copies the weight to a device, which multiplies it from then on.
    ///
    /// # Errors
    /// The device has too little memory.
    #[expect(
        clippy::wrong_self_convention,
        reason = "named as in candle; moves in place"
    )]
    pub(crate) fn to_device(&mut self, device: &Device) -> Result<(), ModelError> {
        let mut weight = Matrix::zeros(self.inputs, self.outputs);
        for (index, panel) in self.panels.chunks(PANEL * self.inputs).enumerate() {
            let columns = panel.len() / self.inputs;
            let first = index * PANEL;
            for (input, values) in panel.chunks_exact(columns).enumerate() {
                weight.row_mut(input)[first..first + columns].copy_from_slice(values);
            }
        }
        self.on_device = Some(DeviceWeight::new(&weight, device)?);
        Ok(())
    }

    /// Computes `x·W + b`; `y` takes the shape of the result.
    ///
    /// # Shapes
    /// `x`: `[rows, inputs]` → `y`: `[rows, outputs]`.
    ///
    /// # Errors
    /// A device failed; the CPU never fails.
    pub(crate) fn forward_into(&self, x: &Matrix, y: &mut Matrix) -> Result<(), ModelError> {
        y.reshape(x.rows, self.outputs);
        let bias = self.bias.as_deref();
        match &self.on_device {
            Some(weight) if x.rows > 0 => {
                weight.multiply(x, y)?;
                if let Some(bias) = bias {
                    for row in y.data.chunks_exact_mut(self.outputs) {
                        add(row, bias);
                    }
                }
            }
            _ => self.multiply(x, y, bias),
        }
        Ok(())
    }

    /// `x·W`, without the bias and on the CPU.
    ///
    /// # Shapes
    /// `x`: `[rows, inputs]` → `[rows, outputs]`.
    pub(crate) fn product(&self, x: &Matrix) -> Matrix {
        let mut y = Matrix::zeros(x.rows, self.outputs);
        self.multiply(x, &mut y, None);
        y
    }

    /// `y·Wᵀ`: the gradient of the map's input, from the gradient `y` of its output.
    ///
    /// # Shapes
    /// `y`: `[rows, outputs]` → `[rows, inputs]`.
    pub(crate) fn backward(&self, y: &Matrix) -> Matrix {
        let inputs = self.inputs;
        let slices: Vec<Vec<f32>> = (0..inputs.div_ceil(SLICE))
            .into_par_iter()
            .map(|slice| {
                let first = slice * SLICE;
                let count = SLICE.min(inputs - first);
                let mut x = vec![0.0; y.rows * count];
                for (index, panel) in self.panels.chunks(PANEL * inputs).enumerate() {
                    let columns = panel.len() / inputs;
                    let weight =
                        MatrixView::new(&panel[first * columns..], count, columns, columns);
                    let from = &y.data[index * PANEL..];
                    let from = MatrixView::new(from, y.rows, columns, self.outputs);
                    from.times(weight.transposed(), 1.0, &mut x, count, true);
                }
                x
            })
            .collect();
        let mut x = Matrix::zeros(y.rows, inputs);
        for (slice, values) in slices.iter().enumerate() {
            let first = slice * SLICE;
            let count = SLICE.min(inputs - first);
            for (row, values) in values.chunks_exact(count).enumerate() {
                x.row_mut(row)[first..first + count].copy_from_slice(values);
            }
        }
        x
    }

    /// Wᵀ, unpacked.
    ///
    /// # Shapes
    /// → `[outputs, inputs]`.
    pub(crate) fn transposed(&self) -> Matrix {
        let inputs = self.inputs;
        let mut transposed = Matrix::zeros(self.outputs, inputs);
        transposed
            .data
            .par_chunks_mut(PANEL * inputs)
            .zip(self.panels.par_chunks(PANEL * inputs))
            .for_each(|(rows, panel)| {
                let columns = panel.len() / inputs;
                for (column, row) in rows.chunks_exact_mut(inputs).enumerate() {
                    let values = panel[column..].iter().step_by(columns);
                    for (target, value) in row.iter_mut().zip(values) {
                        *target = *value;
                    }
                }
            });
        transposed
    }

    /// `y ← x·W + b`.
    fn multiply(&self, x: &Matrix, y: &mut Matrix, bias: Option<&[f32]>) {
        assert_eq!(
            (x.cols, y.cols, y.rows),
            (self.inputs, self.outputs, x.rows),
            "a linear map's input, its output and their rows"
        );
        assert_eq!(
            (x.data.len(), y.data.len()),
            (x.rows * x.cols, y.rows * y.cols),
            "the sizes of the matrices match their data"
        );
        if x.rows == 0 {
            return;
        }
        let output = OutputPtr(y.data.as_mut_ptr());
        let block = rows_per_block(x.rows);
        let blocks = x.rows.div_ceil(block);
        let panels = self.outputs.div_ceil(PANEL);
        (0..panels * blocks).into_par_iter().for_each(|task| {
            // The blocks of a panel follow one another, so that its weights stay in the cache.
            let (index, row) = (task / blocks, task % blocks * block);
            let rows = block.min(x.rows - row);
            let first = index * PANEL;
            let columns = PANEL.min(self.outputs - first);
            let panel = &self.panels[first * self.inputs..][..columns * self.inputs];
            #[expect(unsafe_code, reason = "gemm takes raw pointers")]
            // SAFETY: the task reads `rows` rows of `x` from `row` on, which has `inputs` columns;
            // `panel` is `inputs × columns`, and this task alone writes the columns
            // `first .. +columns` of these rows of the `rows × outputs` buffer `y`, which outlives
            // the parallel loop.
            unsafe {
                gemm::gemm(
                    rows,
                    columns,
                    self.inputs,
                    output.at(row * self.outputs + first),
                    1,
                    self.outputs as isize,
                    false,
                    x.data[row * self.inputs..].as_ptr(),
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
            if let Some(bias) = bias {
                for row in row..row + rows {
                    #[expect(unsafe_code, reason = "tasks write disjoint parts of one buffer")]
                    // SAFETY: as above; the product of this task is written.
                    let values = unsafe {
                        std::slice::from_raw_parts_mut(
                            output.at(row * self.outputs + first),
                            columns,
                        )
                    };
                    add(values, &bias[first..first + columns]);
                }
            }
        });
    }

    /// Reads the weight once on all threads and returns its size in bytes.
    pub(crate) fn read(&self) -> usize {
        let sum = |panel: &[f32]| {
            let (chunks, _) = panel.as_chunks::<16>();
            let mut lanes = [0.0_f32; 16];
            for chunk in chunks {
                add(&mut lanes, chunk);
            }
            lanes
        };
        self.panels
            .par_chunks(PANEL * self.inputs)
            .for_each(|panel| {
                std::hint::black_box(sum(panel));
            });
        size_of_val(self.panels.as_slice())
    }

    /// Column `output` of W: for an embedding or head matrix, the vector of one token.
    ///
    /// # Shapes
    /// → `[inputs]`.
    pub(crate) fn column(&self, output: usize) -> Vec<f32> {
        self.column_values(output).collect()
    }

    /// [`Linear::column`], value by value.
    pub(crate) fn column_values(&self, output: usize) -> impl Iterator<Item = f32> + '_ {
        let start = output / PANEL * PANEL;
        let columns = PANEL.min(self.outputs - start);
        let panel = &self.panels[start * self.inputs..];
        let offset = output - start;
        (0..self.inputs).map(move |input| panel[input * columns + offset])
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

    fn forward(map: &Linear, x: &Matrix) -> Matrix {
        let mut y = Matrix::default();
        map.forward_into(x, &mut y).unwrap();
        y
    }

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
        fn both_packings_compute_the_matrix_product(
            rows in prop_oneof![1_usize..20, 120_usize..300],
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
            let found = forward(&by_output, &x);
            for (a, b) in found.data.iter().zip(&expected) {
                prop_assert!((a - b).abs() < 1e-4);
            }
            prop_assert_eq!(&found, &forward(&by_input, &x));
            prop_assert_eq!(by_output.transposed().data, &weight[..]);
            let mut moved = by_input.with_bias(Some(vec![0.5; outputs]));
            moved.to_device(&Device::Cpu).unwrap();
            let on_device = forward(&moved, &x);
            for (a, b) in on_device.data.iter().zip(&found.data) {
                prop_assert!((a - b - 0.5).abs() < 1e-4);
            }
            let last = outputs - 1;
            prop_assert_eq!(by_output.column(last), &weight[last * inputs..]);
            let mean: f32 = (0..outputs).map(|o| weight[o * inputs]).sum::<f32>() / outputs as f32;
            prop_assert!((by_output.mean_column()[0] - mean).abs() < 1e-4);
        }
    }
}
