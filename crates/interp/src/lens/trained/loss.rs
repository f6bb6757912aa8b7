//! The loss KL(target ‖ lens), and its gradient with respect to the lens' map.

use rayon::prelude::*;

use hoplens_runtime::{Matrix, MatrixView, Model, log_sum_exp, softmax};

use crate::lens::trained::batch::TargetDistribution;
use crate::lens::trained::candidates::Candidates;

/// Positions whose logits over the whole vocabulary are in memory at a time.
const ROWS_AT_A_TIME: usize = 64;

/// A map z·B + c, with z of one head or of several, concatenated.
#[derive(Debug, Clone)]
pub(super) struct Affine {
    /// The rows of B, then c: `[dims + 1, width]`.
    rows: Matrix,
}

/// The gradient of a loss with respect to a map.
#[derive(Debug, Clone)]
pub(super) struct AffineGradient {
    /// With respect to B: `[dims, width]`.
    pub(super) map: Vec<f32>,
    /// With respect to c: `[width]`.
    pub(super) c: Vec<f32>,
}

impl Affine {
    /// Joins the maps of several heads, one below the other, and adds up their vectors.
    pub(super) fn joined<'a>(maps: impl Iterator<Item = (&'a Matrix, &'a [f32])>) -> Self {
        let (mut data, mut sum, mut width) = (Vec::new(), Vec::new(), 0);
        for (map, c) in maps {
            width = map.cols;
            data.extend_from_slice(&map.data);
            sum.resize(width, 0.0_f32);
            for (sum, value) in sum.iter_mut().zip(c) {
                *sum += value;
            }
        }
        data.extend(sum);
        let rows = Matrix {
            rows: data.len() / width.max(1),
            cols: width,
            data,
        };
        Self { rows }
    }

    fn dims(&self) -> usize {
        self.rows.rows - 1
    }

    /// Returns Σ over positions and tokens of p_t·ln p_t − p_t·(point·w_t + b_t), the part of the
    /// loss without the normaliser, and Σ_t p_t of the points' gradients.
    fn fixed(&self, z: &Matrix, target: &TargetDistribution) -> (f64, AffineGradient) {
        let gradient = AffineGradient::of(z, &target.mean);
        let whole = gradient.map.iter().chain(&gradient.c);
        let products = self.rows.data.iter().zip(whole);
        let expected: f64 = products.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
        let bias: f64 = target.bias.iter().map(|sum| f64::from(*sum)).sum();
        let entropy: f64 = target.negative_entropy.iter().sum();
        (entropy - expected - bias, gradient)
    }
}

impl AffineGradient {
    /// Returns zᵀ·points and Σ points.
    fn of(z: &Matrix, points: &Matrix) -> Self {
        let (n, width) = (points.rows, points.cols);
        let mut map = vec![0.0; z.cols * width];
        let points = MatrixView::new(&points.data, n, width, width);
        MatrixView::new(&z.data, n, z.cols, z.cols)
            .transposed()
            .times(points, 1.0, &mut map, width, false);
        let mut c = vec![0.0; width];
        let ones = vec![1.0; n];
        MatrixView::new(&ones, 1, n, n).times(points, 1.0, &mut c, width, false);
        Self { map, c }
    }
}

/// Returns the mean over positions of KL(target ‖ softmax of the points' logits), in nats, with the
/// normaliser estimated over the candidates, and its gradient.
///
/// # Shapes
/// `z`: `[positions, dims]`.
pub(super) fn loss(
    map: &Affine,
    z: &Matrix,
    target: &TargetDistribution,
    candidates: &Candidates,
) -> (f64, AffineGradient) {
    let (n, width, dims) = (z.rows, map.rows.cols, map.dims());
    let count = candidates.offset.len();
    let tokens = MatrixView::new(&candidates.rows.data, count, width, width);
    let (fixed, expected) = map.fixed(z, target);
    let mut row_logits = vec![0.0; (dims + 1) * count];
    let rows = MatrixView::new(&map.rows.data, dims + 1, width, width);
    rows.times(tokens.transposed(), 1.0, &mut row_logits, count, false);
    let mut scores = logits_of(&row_logits, z, &candidates.offset);
    let mut normaliser = 0.0;
    for scores in scores.data.chunks_exact_mut(count) {
        normaliser += log_sum_exp(scores);
        softmax(scores);
    }
    let share = 1.0 / n.max(1) as f32;
    // zᵀ·softmax, then the sums of softmax over the positions.
    let mut token_grad = Matrix::zeros(dims + 1, count);
    let scores = MatrixView::new(&scores.data, n, count, count);
    let (of_map, of_c) = token_grad.data.split_at_mut(dims * count);
    MatrixView::new(&z.data, n, dims, dims)
        .transposed()
        .times(scores, 1.0, of_map, count, false);
    MatrixView::new(&vec![1.0; n], 1, n, n).times(scores, 1.0, of_c, count, false);
    let mut gradient = vec![0.0; (dims + 1) * width];
    let token_grad = MatrixView::new(&token_grad.data, dims + 1, count, count);
    token_grad.times(tokens, share, &mut gradient, width, false);
    for (value, expected) in gradient
        .iter_mut()
        .zip(expected.map.iter().chain(&expected.c))
    {
        *value -= share * expected;
    }
    let c = gradient.split_off(dims * width);
    (
        (fixed + normaliser) / n.max(1) as f64,
        AffineGradient { map: gradient, c },
    )
}

/// Returns the logits of z·B + c, given those of B's rows and of c.
///
/// # Shapes
/// `row_logits`: `[dims + 1, tokens]`; `offset`: `[tokens]` → `[positions, tokens]`.
fn logits_of(row_logits: &[f32], z: &Matrix, offset: &[f32]) -> Matrix {
    let (dims, count) = (z.cols, offset.len());
    let (dim_logits, c_logits) = row_logits.split_at(dims * count);
    let mut logits = Matrix::zeros(z.rows, count);
    let dim_logits = MatrixView::new(dim_logits, dims, count, count);
    MatrixView::new(&z.data, z.rows, dims, dims).times(
        dim_logits,
        1.0,
        &mut logits.data,
        count,
        false,
    );
    for row in logits.data.chunks_exact_mut(count) {
        for ((value, c), offset) in row.iter_mut().zip(c_logits).zip(offset) {
            *value += c + offset;
        }
    }
    logits
}

/// Returns the mean over positions of KL(target ‖ softmax of the points' logits), in nats, over the
/// whole vocabulary.
///
/// # Shapes
/// `z`: `[positions, dims]`; `bias`: `[vocab]`.
pub(super) fn exact(
    model: &Model,
    map: &Affine,
    z: &Matrix,
    target: &TargetDistribution,
    bias: &[f32],
) -> f64 {
    let row_logits = model.unembed(&map.rows).data;
    let positions: Vec<usize> = (0..z.rows).collect();
    let normalisers = positions.par_chunks(ROWS_AT_A_TIME).map(|chunk| {
        let logits = logits_of(&row_logits, &z.select(chunk.iter().copied()), bias);
        let rows = logits.data.chunks_exact(bias.len());
        rows.map(log_sum_exp).sum::<f64>()
    });
    // In the order of the rows: the sum does not depend on the number of threads.
    let normalisers: Vec<f64> = normalisers.collect();
    let (fixed, _) = map.fixed(z, target);
    (fixed + normalisers.iter().sum::<f64>()) / z.rows.max(1) as f64
}

/// Returns the logits W_U·point + b of points.
///
/// # Shapes
/// `points`: `[positions, width]`; `bias`: `[vocab]` → `[positions, vocab]`.
pub(super) fn logits(model: &Model, points: &Matrix, bias: &[f32]) -> Matrix {
    let mut logits = model.unembed(points);
    for row in logits.data.chunks_exact_mut(bias.len()) {
        for (value, bias) in row.iter_mut().zip(bias) {
            *value += bias;
        }
    }
    logits
}
