//! The backward pass through one key/value head and the query heads that read it.

use std::ops::Range;

use crate::head_layout::HeadLayout;
use crate::knockout::BlockedKeys;
use crate::matrix::{Matrix, add};
use crate::matrix_view::MatrixView;

/// Queries that are processed at a time.
const BLOCK: usize = 64;

/// Gradients of the queries, keys and values of one key/value head.
pub(super) struct KvHeadGradients {
    /// For each query head that reads it, `[n, head_dim]`.
    queries: Vec<Matrix>,
    /// `[n, head_dim]`.
    keys: Matrix,
    /// `[n, head_dim]`.
    values: Matrix,
}

/// The gradients of z = A·V with A = softmax(scale·Q·Kᵀ), where A is computed again:
/// ∂V = Aᵀ·∂z, ∂S = A ⊙ (∂z·Vᵀ − its mean under A), ∂Q = scale·∂S·K, ∂K = scale·∂Sᵀ·Q. Works on
/// blocks of queries, so that no matrix has n² values.
///
/// # Shapes
/// `rotated`: `[n, (H + 2·H_kv)·head_dim]`; `z_grad`: `[n, H·head_dim]`.
pub(super) fn kv_head_backward(
    heads: HeadLayout,
    kv_head: usize,
    rotated: &Matrix,
    z_grad: &Matrix,
    blocked: &BlockedKeys,
) -> KvHeadGradients {
    let (n, dim) = (z_grad.rows, heads.head_dim);
    let readers = heads.queries / heads.keys;
    let own = heads.keys_values().start;
    let (keys, values) = (own + kv_head * dim, own + (heads.keys + kv_head) * dim);
    let mut gradients = KvHeadGradients {
        queries: Vec::with_capacity(readers),
        keys: Matrix::zeros(n, dim),
        values: Matrix::zeros(n, dim),
    };
    let (mut pattern, mut scores_grad) = (Vec::new(), Vec::new());
    for head in kv_head * readers..(kv_head + 1) * readers {
        let mut queries_grad = Matrix::zeros(n, dim);
        for start in (0..n).step_by(BLOCK) {
            let rows = start..n.min(start + BLOCK);
            let visible = heads.first_visible(start)..rows.end;
            let block = |matrix, column| columns(matrix, rows.clone(), column, dim);
            let before = |column| columns(rotated, visible.clone(), column, dim);
            let queries = block(rotated, head * dim);
            let scores = (queries, before(keys));
            heads.pattern(scores, start, &visible, blocked, &mut pattern);
            let weights = MatrixView::new(&pattern, rows.len(), visible.len(), visible.len());
            let z_grad = block(z_grad, head * dim);
            let target = &mut gradients.values.data[visible.start * dim..];
            weights.transposed().times(z_grad, 1.0, target, dim, true);
            scores_grad.clear();
            scores_grad.resize(pattern.len(), 0.0);
            z_grad.times(
                before(values).transposed(),
                1.0,
                &mut scores_grad,
                visible.len(),
                false,
            );
            let each = scores_grad.chunks_exact_mut(visible.len());
            for (grads, pattern) in each.zip(pattern.chunks_exact(visible.len())) {
                let mean: f32 = pattern.iter().zip(&*grads).map(|(a, grad)| a * grad).sum();
                for (grad, a) in grads.iter_mut().zip(pattern) {
                    *grad = a * (*grad - mean);
                }
            }
            let scores = MatrixView::new(&scores_grad, rows.len(), visible.len(), visible.len());
            let target = &mut queries_grad.data[start * dim..];
            scores.times(before(keys), heads.scale, target, dim, false);
            let target = &mut gradients.keys.data[visible.start * dim..];
            scores
                .transposed()
                .times(queries, heads.scale, target, dim, true);
        }
        gradients.queries.push(queries_grad);
    }
    gradients
}

impl HeadLayout {
    /// Computes the attention pattern of consecutive queries, the first at `start`, over the
    /// positions `visible`, without the keys that are knocked out.
    ///
    /// # Shapes
    /// `queries`: `[rows, head_dim]`, `keys`: `[visible, head_dim]` → `pattern`:
    /// `[rows, visible]`.
    fn pattern(
        &self,
        (queries, keys): (MatrixView<'_>, MatrixView<'_>),
        start: usize,
        visible: &Range<usize>,
        blocked: &BlockedKeys,
        pattern: &mut Vec<f32>,
    ) {
        pattern.clear();
        pattern.resize(queries.rows() * visible.len(), 0.0);
        queries.times(keys.transposed(), self.scale, pattern, visible.len(), false);
        for (position, row) in (start..).zip(pattern.chunks_exact_mut(visible.len())) {
            let first = self.first_visible(position);
            let own = first - visible.start..position + 1 - visible.start;
            row[..own.start].fill(0.0);
            row[own.end..].fill(0.0);
            blocked.softmax(position, first, &mut row[own]);
        }
    }
}

/// Columns `start..start + count` of some rows of a matrix.
fn columns(matrix: &Matrix, rows: Range<usize>, start: usize, count: usize) -> MatrixView<'_> {
    let first = rows.start * matrix.cols + start;
    MatrixView::new(&matrix.data[first..], rows.len(), count, matrix.cols)
}

impl KvHeadGradients {
    /// Adds the gradients to the columns of the head's queries, keys and values.
    ///
    /// # Shapes
    /// `qkv_grad`: `[n, (H + 2·H_kv)·head_dim]`.
    pub(super) fn write(&self, heads: HeadLayout, kv_head: usize, qkv_grad: &mut Matrix) {
        let dim = heads.head_dim;
        let own = heads.keys_values().start;
        let first = kv_head * self.queries.len();
        let queries = self.queries.iter().enumerate();
        let parts = queries.map(|(at, part)| ((first + at) * dim, part)).chain([
            (own + kv_head * dim, &self.keys),
            (own + (heads.keys + kv_head) * dim, &self.values),
        ]);
        for (start, part) in parts {
            for row in 0..part.rows {
                add(
                    &mut qkv_grad.row_mut(row)[start..start + dim],
                    part.row(row),
                );
            }
        }
    }
}
