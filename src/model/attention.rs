//! Attention of every head, with the pattern kept where it is asked for.

use std::ops::Range;

use gemm::Parallelism;
use rayon::prelude::*;

use super::matrix::Matrix;

/// Where the heads of a layer lie in a row of `[queries | keys | values]`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Heads {
    /// Query heads, H.
    pub(crate) queries: usize,
    /// Key/value heads, H_kv.
    pub(crate) keys: usize,
    pub(crate) head_dim: usize,
    /// Scores are multiplied by this.
    pub(crate) scale: f32,
    /// How many positions back a query looks, itself included; `None` is all.
    pub(crate) window: Option<usize>,
}

impl Heads {
    /// Columns of a row of queries, keys and values.
    pub(crate) fn row_width(&self) -> usize {
        (self.queries + 2 * self.keys) * self.head_dim
    }

    fn query(&self, head: usize) -> usize {
        head * self.head_dim
    }

    fn key(&self, head: usize) -> usize {
        (self.queries + head / (self.queries / self.keys)) * self.head_dim
    }

    fn value(&self, head: usize) -> usize {
        self.key(head) + self.keys * self.head_dim
    }
}

/// The tokens of one sequence in a packed batch: `rows` rows from `start`.
#[derive(Debug, Clone)]
pub(crate) struct Segment {
    pub(crate) start: usize,
    pub(crate) rows: usize,
}

impl Segment {
    pub(crate) fn range(&self) -> Range<usize> {
        self.start..self.start + self.rows
    }
}

/// One head of one sequence: its output and the kept rows of its pattern.
struct HeadOutput {
    /// `[rows, head_dim]`.
    z: Vec<f32>,
    /// `[kept, rows]`.
    pattern: Vec<f32>,
}

/// Causal attention of every sequence and head.
///
/// # Shapes
/// `qkv`: `[rows, (H + 2·H_kv)·head_dim]`, queries and keys rotated already
/// → `z`: `[rows, H·head_dim]`, and per sequence the pattern of the positions that `keep` names,
/// `[kept × H, n]`.
pub(crate) fn attend(
    qkv: &Matrix,
    segments: &[Segment],
    heads: Heads,
    keep: impl Fn(usize) -> Range<usize> + Sync,
) -> (Matrix, Vec<Matrix>) {
    let tasks: Vec<(usize, usize)> = (0..segments.len())
        .flat_map(|s| (0..heads.queries).map(move |h| (s, h)))
        .collect();
    let outputs: Vec<HeadOutput> = tasks
        .par_iter()
        .map(|&(segment, head)| {
            let segment = &segments[segment];
            attend_head(qkv, segment, heads, head, keep(segment.rows))
        })
        .collect();
    let mut z = Matrix::zeros(qkv.rows, heads.queries * heads.head_dim);
    let mut patterns: Vec<Matrix> = segments
        .iter()
        .map(|segment| Matrix::zeros(keep(segment.rows).len() * heads.queries, segment.rows))
        .collect();
    for (&(index, head), output) in tasks.iter().zip(&outputs) {
        let columns = head * heads.head_dim..(head + 1) * heads.head_dim;
        for (row, values) in segments[index]
            .range()
            .zip(output.z.chunks_exact(heads.head_dim))
        {
            z.row_mut(row)[columns.clone()].copy_from_slice(values);
        }
        for (kept, row) in output
            .pattern
            .chunks_exact(segments[index].rows)
            .enumerate()
        {
            patterns[index]
                .row_mut(kept * heads.queries + head)
                .copy_from_slice(row);
        }
    }
    (z, patterns)
}

fn attend_head(
    qkv: &Matrix,
    segment: &Segment,
    heads: Heads,
    head: usize,
    kept: Range<usize>,
) -> HeadOutput {
    let n = segment.rows;
    let width = qkv.cols as isize;
    let rows = &qkv.data[segment.start * qkv.cols..(segment.start + n) * qkv.cols];
    let mut scores = vec![0.0; n * n];
    #[expect(unsafe_code, reason = "gemm takes raw pointers")]
    // SAFETY: `rows` holds `n` rows of `qkv.cols` values; the columns of this head's query and key
    // lie inside a row (`Heads::row_width`); `scores` is `n × n`.
    unsafe {
        gemm::gemm(
            n,
            n,
            heads.head_dim,
            scores.as_mut_ptr(),
            1,
            n as isize,
            false,
            rows[heads.query(head)..].as_ptr(),
            1,
            width,
            rows[heads.key(head)..].as_ptr(),
            width,
            1,
            0.0,
            heads.scale,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
    for (position, row) in scores.chunks_exact_mut(n).enumerate() {
        let first = heads
            .window
            .map_or(0, |window| (position + 1).saturating_sub(window));
        row[..first].fill(0.0);
        row[position + 1..].fill(0.0);
        softmax(&mut row[first..=position]);
    }
    let mut z = vec![0.0; n * heads.head_dim];
    #[expect(unsafe_code, reason = "gemm takes raw pointers")]
    // SAFETY: as above; `z` is `n × head_dim`.
    unsafe {
        gemm::gemm(
            n,
            heads.head_dim,
            n,
            z.as_mut_ptr(),
            1,
            heads.head_dim as isize,
            false,
            scores.as_ptr(),
            1,
            n as isize,
            rows[heads.value(head)..].as_ptr(),
            1,
            width,
            0.0,
            1.0,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
    HeadOutput {
        z,
        pattern: scores[kept.start * n..kept.end * n].to_vec(),
    }
}

/// Softmax of one row where it stands.
fn softmax(row: &mut [f32]) {
    let top = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for value in &mut *row {
        *value = (*value - top).exp();
        sum += *value;
    }
    for value in row {
        *value /= sum;
    }
}
