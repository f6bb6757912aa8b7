//! The way back through the attention of one key/value head and the query heads that read it.

use std::ops::Range;

use crate::attention::Heads;
use crate::matrix::{Matrix, add};
use crate::ops::softmax;
use crate::view::View;

/// Queries that the way back through attention takes at a time.
const BLOCK: usize = 64;

/// Slopes by the queries, keys and values of one key/value head and the query heads that read it.
pub(super) struct Group {
    /// Per query head `[n, head_dim]`.
    queries: Vec<Matrix>,
    /// `[n, head_dim]`.
    keys: Matrix,
    /// `[n, head_dim]`.
    values: Matrix,
}

/// The way back through softmax(scale·Q·Kᵀ)·V: with A the pattern, which is computed again,
/// ∂V = Aᵀ·∂z, ∂S = A ⊙ (∂z·Vᵀ − its mean under A), ∂Q = scale·∂S·K, ∂K = scale·∂Sᵀ·Q. By blocks
/// of queries, so that no matrix has n² values.
///
/// # Shapes
/// `placed`: `[n, (H + 2·H_kv)·head_dim]`; `by_z`: `[n, H·head_dim]`.
pub(super) fn group_back(heads: Heads, group: usize, placed: &Matrix, by_z: &Matrix) -> Group {
    let (n, dim) = (by_z.rows, heads.head_dim);
    let shared = heads.queries / heads.keys;
    let own = heads.keys_values().start;
    let (keys, values) = (own + group * dim, own + (heads.keys + group) * dim);
    let mut slopes = Group {
        queries: Vec::with_capacity(shared),
        keys: Matrix::zeros(n, dim),
        values: Matrix::zeros(n, dim),
    };
    let (mut pattern, mut by_scores) = (Vec::new(), Vec::new());
    for head in group * shared..(group + 1) * shared {
        let mut by_queries = Matrix::zeros(n, dim);
        for start in (0..n).step_by(BLOCK) {
            let rows = start..n.min(start + BLOCK);
            let seen = heads.first_seen(start)..rows.end;
            let block = |matrix, column| part(matrix, rows.clone(), column, dim);
            let before = |column| part(placed, seen.clone(), column, dim);
            let queries = block(placed, head * dim);
            heads.pattern(queries, before(keys), start, &seen, &mut pattern);
            let weights = View::new(&pattern, rows.len(), seen.len(), seen.len());
            let by_z = block(by_z, head * dim);
            let target = &mut slopes.values.data[seen.start * dim..];
            weights.transposed().times(by_z, 1.0, target, dim, true);
            by_scores.clear();
            by_scores.resize(pattern.len(), 0.0);
            by_z.times(
                before(values).transposed(),
                1.0,
                &mut by_scores,
                seen.len(),
                false,
            );
            let each = by_scores.chunks_exact_mut(seen.len());
            for (by, pattern) in each.zip(pattern.chunks_exact(seen.len())) {
                let mean: f32 = pattern.iter().zip(&*by).map(|(a, by)| a * by).sum();
                for (by, a) in by.iter_mut().zip(pattern) {
                    *by = a * (*by - mean);
                }
            }
            let scores = View::new(&by_scores, rows.len(), seen.len(), seen.len());
            let target = &mut by_queries.data[start * dim..];
            scores.times(before(keys), heads.scale, target, dim, false);
            let target = &mut slopes.keys.data[seen.start * dim..];
            scores
                .transposed()
                .times(queries, heads.scale, target, dim, true);
        }
        slopes.queries.push(by_queries);
    }
    slopes
}

impl Heads {
    /// The attention of consecutive queries, the first at `start`, over the positions `seen`.
    ///
    /// # Shapes
    /// `queries`: `[rows, head_dim]`, `keys`: `[seen, head_dim]` → `pattern`: `[rows, seen]`.
    fn pattern(
        &self,
        queries: View<'_>,
        keys: View<'_>,
        start: usize,
        seen: &Range<usize>,
        pattern: &mut Vec<f32>,
    ) {
        pattern.clear();
        pattern.resize(queries.rows() * seen.len(), 0.0);
        queries.times(keys.transposed(), self.scale, pattern, seen.len(), false);
        for (position, row) in (start..).zip(pattern.chunks_exact_mut(seen.len())) {
            let visible = self.first_seen(position) - seen.start..position + 1 - seen.start;
            row[..visible.start].fill(0.0);
            row[visible.end..].fill(0.0);
            softmax(&mut row[visible]);
        }
    }
}

/// Some rows of `count` columns of a matrix, from `start` on.
fn part(matrix: &Matrix, rows: Range<usize>, start: usize, count: usize) -> View<'_> {
    let first = rows.start * matrix.cols + start;
    View::new(&matrix.data[first..], rows.len(), count, matrix.cols)
}

impl Group {
    /// Writes the slopes to where the queries, keys and values stand in a row.
    pub(super) fn write(&self, heads: Heads, group: usize, by_qkv: &mut Matrix) {
        let dim = heads.head_dim;
        let own = heads.keys_values().start;
        let first = group * self.queries.len();
        let queries = self.queries.iter().enumerate();
        let parts = queries.map(|(at, part)| ((first + at) * dim, part)).chain([
            (own + group * dim, &self.keys),
            (own + (heads.keys + group) * dim, &self.values),
        ]);
        for (start, part) in parts {
            for row in 0..part.rows {
                add(&mut by_qkv.row_mut(row)[start..start + dim], part.row(row));
            }
        }
    }
}
