//! The backward pass through one key/value head and the query heads that read it.
#![allow(
    clippy::inline_always,
    reason = "what a loop calls must become part of it, to be compiled for the machine's vectors"
)]

use std::ops::Range;

use pulp::{Simd, WithSimd};

use crate::backward::lanes::dot;
use crate::head_layout::HeadLayout;
use crate::knockout::BlockedKeys;
use crate::matrix::Matrix;
use crate::matrix_view::MatrixView;

/// Queries that are processed at a time.
const BLOCK: usize = 64;

/// What the backward pass of every key/value head reads.
pub(super) struct KvHeadInputs<'a> {
    pub(super) heads: HeadLayout,
    /// The positions whose gradients are computed, n.
    pub(super) positions: Range<usize>,
    /// Queries, keys and values of the sequence, `[positions.end, (H + 2·H_kv)·head_dim]`.
    pub(super) rotated: &'a Matrix,
    /// `[cotangents·n, H·head_dim]`.
    pub(super) z_grads: &'a Matrix,
    pub(super) blocked: &'a BlockedKeys,
}

/// Gradients of the queries, keys and values of one key/value head.
pub(super) struct KvHeadGradients {
    /// For each query head that reads it, `[cotangents·n, head_dim]`.
    queries: Vec<Matrix>,
    /// `[cotangents·n, head_dim]`.
    keys: Matrix,
    /// `[cotangents·n, head_dim]`.
    values: Matrix,
}

/// The gradients of z = A·V with A = softmax(scale·Q·Kᵀ), where A is computed again:
/// ∂V = Aᵀ·∂z, ∂S = A ⊙ (∂z·Vᵀ − its mean under A), ∂Q = scale·∂S·K, ∂K = scale·∂Sᵀ·Q. Works on
/// blocks of queries, so that no matrix has n² values. All cotangents share A.
pub(super) fn kv_head_backward(inputs: &KvHeadInputs<'_>, kv_head: usize) -> KvHeadGradients {
    let KvHeadInputs {
        heads,
        positions,
        rotated,
        z_grads,
        blocked,
    } = inputs;
    let (rows, dim, first) = (z_grads.rows, heads.head_dim, positions.start);
    let readers = heads.queries / heads.keys;
    let own = heads.keys_values().start;
    let (keys, values) = (own + kv_head * dim, own + (heads.keys + kv_head) * dim);
    let mut gradients = KvHeadGradients {
        queries: Vec::with_capacity(readers),
        keys: Matrix::zeros(rows, dim),
        values: Matrix::zeros(rows, dim),
    };
    let (mut pattern, mut scores_grads) = (Vec::new(), Vec::new());
    for head in kv_head * readers..(kv_head + 1) * readers {
        let mut queries_grads = Matrix::zeros(rows, dim);
        for start in positions.clone().step_by(BLOCK) {
            let block = start..positions.end.min(start + BLOCK);
            let visible = heads.first_visible(start)..block.end;
            let seen = visible.len();
            let before = |column| columns(rotated, visible.clone(), column, dim);
            let queries = columns(rotated, block.clone(), head * dim, dim);
            let scores = (queries, before(keys));
            heads.pattern(scores, start, &visible, blocked, &mut pattern);
            scores_grads.resize(pattern.len(), 0.0);
            // Keys and values whose gradients are computed.
            let targets = visible.start.max(first)..visible.end;
            let skipped = targets.start - visible.start;
            let weights = MatrixView::new(&pattern[skipped..], block.len(), targets.len(), seen);
            for cotangent in (0..rows).step_by(positions.len()) {
                let query_row = cotangent + start - first;
                let z_grad = query_row..query_row + block.len();
                let z_grad = columns(z_grads, z_grad, head * dim, dim);
                let key_row = (cotangent + targets.start - first) * dim;
                let target = &mut gradients.values.data[key_row..];
                weights.transposed().times(z_grad, 1.0, target, dim, true);
                let values = before(values).transposed();
                z_grad.times(values, 1.0, &mut scores_grads, seen, false);
                let each = scores_grads.chunks_exact_mut(seen);
                for (grads, pattern) in each.zip(pattern.chunks_exact(seen)) {
                    pulp::Arch::new().dispatch(SoftmaxBackward { pattern, grads });
                }
                let scores = MatrixView::new(&scores_grads, block.len(), seen, seen);
                let target = &mut queries_grads.data[query_row * dim..];
                scores.times(before(keys), heads.scale, target, dim, false);
                let scores = &scores_grads[skipped..];
                let scores = MatrixView::new(scores, block.len(), targets.len(), seen);
                let target = &mut gradients.keys.data[key_row..];
                let scores = scores.transposed();
                scores.times(queries, heads.scale, target, dim, true);
            }
        }
        gradients.queries.push(queries_grads);
    }
    gradients
}

/// Turns the gradients of a row of a softmax into those of its input: grads ← A ⊙ (grads − A·grads).
struct SoftmaxBackward<'a> {
    pattern: &'a [f32],
    grads: &'a mut [f32],
}

impl WithSimd for SoftmaxBackward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let Self { pattern, grads } = self;
        let mean = dot(pattern, grads);
        for (grad, a) in grads.iter_mut().zip(pattern) {
            *grad = a * (*grad - mean);
        }
    }
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
    /// Copies the gradients to the columns of the head's queries, keys and values.
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
                qkv_grad.row_mut(row)[start..start + dim].copy_from_slice(part.row(row));
            }
        }
    }
}
