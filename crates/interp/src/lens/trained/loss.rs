//! KL(target ‖ lens), and its slope by the lens' map.

use rayon::prelude::*;

use hoplens_runtime::{Matrix, Model, View, log_sum_exp, softmax};

use crate::lens::trained::batch::TargetDistribution;
use crate::lens::trained::candidates::Candidates;

/// Positions whose logits over the whole vocabulary are held at a time.
const ROWS: usize = 64;

/// A map z·B + c, with z of one head or of several side by side.
#[derive(Debug, Clone)]
pub(super) struct Affine {
    /// B and below it c: `[dims + 1, width]`.
    rows: Matrix,
}

/// The slope of a loss by a map.
#[derive(Debug, Clone)]
pub(super) struct AffineSlope {
    /// By B: `[dims, width]`.
    pub(super) map: Vec<f32>,
    /// By c: `[width]`.
    pub(super) c: Vec<f32>,
}

impl Affine {
    /// Of the maps of several heads, one below the other, and the sum of their vectors.
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

    /// Σ over positions and tokens of p_t·(point·w_t + b_t) less p_t·ln p_t: what does not depend
    /// on the normaliser.
    fn fixed(&self, z: &Matrix, target: &TargetDistribution) -> (f64, AffineSlope) {
        let slope = AffineSlope::of(z, &target.mean);
        let whole = slope.map.iter().chain(&slope.c);
        let products = self.rows.data.iter().zip(whole);
        let expected: f64 = products.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
        let bias: f64 = target.bias.iter().map(|sum| f64::from(*sum)).sum();
        let entropy: f64 = target.negative_entropy.iter().sum();
        (entropy - expected - bias, slope)
    }
}

impl AffineSlope {
    /// zᵀ·points and Σ points.
    fn of(z: &Matrix, points: &Matrix) -> Self {
        let (n, width) = (points.rows, points.cols);
        let mut map = vec![0.0; z.cols * width];
        let points = View::new(&points.data, n, width, width);
        View::new(&z.data, n, z.cols, z.cols)
            .transposed()
            .times(points, 1.0, &mut map, width, false);
        let mut c = vec![0.0; width];
        let ones = vec![1.0; n];
        View::new(&ones, 1, n, n).times(points, 1.0, &mut c, width, false);
        Self { map, c }
    }
}

/// The mean over positions of KL(target ‖ softmax of the points' logits), in nats, its normaliser
/// estimated over the candidates, and its slope.
///
/// # Shapes
/// `z`: `[n, dims]`.
pub(super) fn loss(
    map: &Affine,
    z: &Matrix,
    target: &TargetDistribution,
    candidates: &Candidates,
) -> (f64, AffineSlope) {
    let (n, width, dims) = (z.rows, map.rows.cols, map.dims());
    let count = candidates.offset.len();
    let tokens = View::new(&candidates.rows.data, count, width, width);
    let (fixed, expected) = map.fixed(z, target);
    let mut by_row = vec![0.0; (dims + 1) * count];
    let rows = View::new(&map.rows.data, dims + 1, width, width);
    rows.times(tokens.transposed(), 1.0, &mut by_row, count, false);
    let mut scores = logits_of(&by_row, z, &candidates.offset);
    let mut normaliser = 0.0;
    for scores in scores.data.chunks_exact_mut(count) {
        normaliser += log_sum_exp(scores);
        softmax(scores);
    }
    let share = 1.0 / n.max(1) as f32;
    // zᵀ·softmax and, below it, the sums of softmax over the positions.
    let mut by_token = Matrix::zeros(dims + 1, count);
    let scores = View::new(&scores.data, n, count, count);
    let (of_map, of_c) = by_token.data.split_at_mut(dims * count);
    View::new(&z.data, n, dims, dims)
        .transposed()
        .times(scores, 1.0, of_map, count, false);
    View::new(&vec![1.0; n], 1, n, n).times(scores, 1.0, of_c, count, false);
    let mut by = vec![0.0; (dims + 1) * width];
    let by_token = View::new(&by_token.data, dims + 1, count, count);
    by_token.times(tokens, share, &mut by, width, false);
    for (value, expected) in by.iter_mut().zip(expected.map.iter().chain(&expected.c)) {
        *value -= share * expected;
    }
    let c = by.split_off(dims * width);
    (
        (fixed + normaliser) / n.max(1) as f64,
        AffineSlope { map: by, c },
    )
}

/// The logits of z·B + c, given those of B's rows and below them c's.
///
/// # Shapes
/// `by_row`: `[dims + 1, tokens]`; `offset`: `[tokens]` → `[n, tokens]`.
fn logits_of(by_row: &[f32], z: &Matrix, offset: &[f32]) -> Matrix {
    let (dims, count) = (z.cols, offset.len());
    let (by_dim, by_c) = by_row.split_at(dims * count);
    let mut logits = Matrix::zeros(z.rows, count);
    let by_dim = View::new(by_dim, dims, count, count);
    View::new(&z.data, z.rows, dims, dims).times(by_dim, 1.0, &mut logits.data, count, false);
    for row in logits.data.chunks_exact_mut(count) {
        for ((value, c), offset) in row.iter_mut().zip(by_c).zip(offset) {
            *value += c + offset;
        }
    }
    logits
}

/// The mean over positions of KL(target ‖ softmax of the points' logits), in nats, over the whole
/// vocabulary.
///
/// # Shapes
/// `z`: `[n, dims]`; `bias`: `[vocab]`.
pub(super) fn exact(
    model: &Model,
    map: &Affine,
    z: &Matrix,
    target: &TargetDistribution,
    bias: &[f32],
) -> f64 {
    let by_row = model.unembed(&map.rows).data;
    let positions: Vec<usize> = (0..z.rows).collect();
    let normalisers = positions.par_chunks(ROWS).map(|chunk| {
        let logits = logits_of(&by_row, &z.select(chunk.iter().copied()), bias);
        let rows = logits.data.chunks_exact(bias.len());
        rows.map(log_sum_exp).sum::<f64>()
    });
    // In the order of the rows, so that the sum is the same on any number of threads.
    let normalisers: Vec<f64> = normalisers.collect();
    let (fixed, _) = map.fixed(z, target);
    (fixed + normalisers.iter().sum::<f64>()) / z.rows.max(1) as f64
}

/// The logits that points stand for.
///
/// # Shapes
/// `points`: `[n, width]`; `bias`: `[vocab]` → `[n, vocab]`.
pub(super) fn logits(model: &Model, points: &Matrix, bias: &[f32]) -> Matrix {
    let mut logits = model.unembed(points);
    for row in logits.data.chunks_exact_mut(bias.len()) {
        for (value, bias) in row.iter_mut().zip(bias) {
            *value += bias;
        }
    }
    logits
}
