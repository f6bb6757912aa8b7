//! Attention of every head, with the pattern kept where it is asked for.

use std::ops::Range;

use gemm::Parallelism;
use rayon::prelude::*;

use super::batch::Segment;
use super::exp::exp;
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

/// One head of one sequence: its output and the kept rows of its pattern.
struct HeadOutput {
    /// `[rows, head_dim]`.
    z: Vec<f32>,
    /// `[kept, length]`.
    pattern: Vec<f32>,
}

/// Causal attention of every sequence and head.
///
/// # Shapes
/// `qkv`: `[rows, (H + 2·H_kv)·head_dim]`, queries and keys rotated already
/// → `z`: `[rows, H·head_dim]`, and per segment the pattern of the rows that `keep` names,
/// `[kept × H, length]`.
pub(crate) fn attend(
    qkv: &Matrix,
    segments: &[Segment],
    heads: Heads,
    keep: impl Fn(&Segment) -> Range<usize> + Sync,
) -> (Matrix, Vec<Matrix>) {
    let tasks: Vec<(usize, usize)> = (0..segments.len())
        .flat_map(|s| (0..heads.queries).map(move |h| (s, h)))
        .collect();
    let outputs: Vec<HeadOutput> = tasks
        .par_iter()
        .map(|&(segment, head)| {
            let segment = &segments[segment];
            attend_head(qkv, segment, heads, head, keep(segment))
        })
        .collect();
    let mut z = Matrix::zeros(qkv.rows, heads.queries * heads.head_dim);
    let mut patterns: Vec<Matrix> = segments
        .iter()
        .map(|segment| Matrix::zeros(keep(segment).len() * heads.queries, segment.length()))
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
            .chunks_exact(segments[index].length())
            .enumerate()
        {
            patterns[index]
                .row_mut(kept * heads.queries + head)
                .copy_from_slice(row);
        }
    }
    (z, patterns)
}

/// `kept` are rows of the batch.
fn attend_head(
    qkv: &Matrix,
    segment: &Segment,
    heads: Heads,
    head: usize,
    kept: Range<usize>,
) -> HeadOutput {
    let (n, length) = (segment.rows, segment.length());
    // Keys and values come from two runs of rows: those shared with the sequence that was left,
    // and the segment's own.
    let runs = [
        (segment.origin, 0, segment.position),
        (segment.start, segment.position, n),
    ];
    let from = |row: usize, column: usize| &qkv.data[row * qkv.cols + column..];
    let width = qkv.cols as isize;
    let mut scores = vec![0.0; n * length];
    for (row, column, count) in runs.into_iter().filter(|(_, _, count)| *count > 0) {
        #[expect(unsafe_code, reason = "gemm takes raw pointers")]
        // SAFETY: `qkv` holds `n` rows from `segment.start` and `count` rows from `row`, whose
        // queries and keys lie inside a row (`Heads::row_width`); `scores` is `n × length`, of
        // which this writes the `count` columns from `column`.
        unsafe {
            gemm::gemm(
                n,
                count,
                heads.head_dim,
                scores[column..].as_mut_ptr(),
                1,
                length as isize,
                false,
                from(segment.start, heads.query(head)).as_ptr(),
                1,
                width,
                from(row, heads.key(head)).as_ptr(),
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
    }
    for (position, row) in (segment.position..).zip(scores.chunks_exact_mut(length)) {
        let first = heads
            .window
            .map_or(0, |window| (position + 1).saturating_sub(window));
        row[..first].fill(0.0);
        row[position + 1..].fill(0.0);
        softmax(&mut row[first..=position]);
    }
    let mut z = vec![0.0; n * heads.head_dim];
    for (row, column, count) in runs.into_iter().filter(|(_, _, count)| *count > 0) {
        #[expect(unsafe_code, reason = "gemm takes raw pointers")]
        // SAFETY: as above; `z` is `n × head_dim`.
        unsafe {
            gemm::gemm(
                n,
                heads.head_dim,
                count,
                z.as_mut_ptr(),
                1,
                heads.head_dim as isize,
                true,
                scores[column..].as_ptr(),
                1,
                length as isize,
                from(row, heads.value(head)).as_ptr(),
                1,
                width,
                1.0,
                1.0,
                false,
                false,
                false,
                Parallelism::None,
            );
        }
    }
    let kept = kept.start - segment.start..kept.end - segment.start;
    HeadOutput {
        z,
        pattern: scores[kept.start * length..kept.end * length].to_vec(),
    }
}

/// Softmax of one row where it stands.
fn softmax(row: &mut [f32]) {
    let top = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    pulp::Arch::new().dispatch(|| {
        for value in &mut *row {
            *value = exp(*value - top);
        }
    });
    let sum: f32 = row.iter().sum();
    let scale = 1.0 / sum;
    for value in row {
        *value *= scale;
    }
}
