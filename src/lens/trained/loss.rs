//! KL(target ‖ lens), and its slope by the lens' points.

use crate::model::{Matrix, Model, View, log_sum_exp, softmax};

use super::batch::Target;
use super::candidates::Candidates;

/// The mean over positions of KL(target ‖ softmax of the points' logits), in nats, its normaliser
/// estimated over the candidates, and its slope by the points.
///
/// # Shapes
/// `points`: `[n, width]` → the same.
pub(super) fn loss(points: &Matrix, target: &Target, candidates: &Candidates) -> (f64, Matrix) {
    let (n, width) = (points.rows, points.cols);
    let count = candidates.offset.len();
    let rows = View::new(&candidates.rows.data, count, width, width);
    let mut scores = Matrix::zeros(n, count);
    View::new(&points.data, n, width, width).times(
        rows.transposed(),
        1.0,
        &mut scores.data,
        count,
        false,
    );
    let mut sum = 0.0;
    for (row, scores) in scores.data.chunks_exact_mut(count).enumerate() {
        for (score, offset) in scores.iter_mut().zip(&candidates.offset) {
            *score += offset;
        }
        sum += target.negative_entropy[row] - expected(points.row(row), target, row)
            + log_sum_exp(scores);
        softmax(scores);
    }
    let share = 1.0 / n.max(1) as f32;
    let mut slope = target.mean.clone();
    for value in &mut slope.data {
        *value *= -share;
    }
    View::new(&scores.data, n, count, count).times(rows, share, &mut slope.data, width, true);
    (sum / n.max(1) as f64, slope)
}

/// Σ_t p_t·(point·w_t + b_t): what a target expects of a lens' logits.
pub(super) fn expected(point: &[f32], target: &Target, row: usize) -> f64 {
    let products = point.iter().zip(target.mean.row(row));
    let dot: f64 = products.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
    dot + f64::from(target.bias[row])
}

/// KL(target ‖ softmax of the points' logits) at each position, in nats, over the whole
/// vocabulary.
///
/// # Shapes
/// `points`: `[n, width]`; `bias`: `[vocab]` → `[n]`.
pub(super) fn exact(model: &Model, points: &Matrix, target: &Target, bias: &[f32]) -> Vec<f64> {
    let logits = logits(model, points, bias);
    (0..points.rows)
        .map(|row| {
            target.negative_entropy[row] - expected(points.row(row), target, row)
                + log_sum_exp(logits.row(row))
        })
        .collect()
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
