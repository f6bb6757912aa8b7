//! Attention of every head, with the pattern kept where it is asked for.

use std::ops::Range;

use gemm::Parallelism;
use rayon::prelude::*;

use crate::batch::{Piece, Segment};
use crate::linear::Output;
use crate::matrix::Matrix;
use crate::ops::softmax;
use crate::view::View;

/// Rows that one task attends for: the scores of a long prompt stay in the cache,
/// and nothing is computed for what lies behind a block.
const BLOCK: usize = 64;

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

    /// The columns of such a row that hold keys and values.
    pub(crate) fn keys_values(&self) -> Range<usize> {
        self.queries * self.head_dim..self.row_width()
    }

    /// The first column of a head's keys among the keys and values.
    fn key(&self, head: usize) -> usize {
        head / (self.queries / self.keys) * self.head_dim
    }

    /// The first column of a head's values among the keys and values.
    fn value(&self, head: usize) -> usize {
        self.key(head) + self.keys * self.head_dim
    }

    /// A head's score for the position of its own query.
    ///
    /// # Shapes
    /// `row`: `[(H + 2·H_kv)·head_dim]`.
    fn own_score(&self, head: usize, row: &[f32]) -> f32 {
        let query = &row[head * self.head_dim..(head + 1) * self.head_dim];
        let key = &row[self.keys_values()][self.key(head)..];
        let products = query.iter().zip(key).map(|(query, key)| query * key);
        self.scale * products.sum::<f32>()
    }

    /// Adds to a head's output what it reads at the position of its own query, with this weight;
    /// it is all of the output where nothing stands `first`.
    ///
    /// # Shapes
    /// `row`: `[(H + 2·H_kv)·head_dim]`; `z`: `[head_dim]`.
    fn add_own(&self, head: usize, row: &[f32], weight: f32, first: bool, z: &mut [f32]) {
        if first {
            z.fill(0.0);
        }
        let values = &row[self.keys_values()][self.value(head)..];
        for (z, value) in z.iter_mut().zip(values) {
            *z += weight * value;
        }
    }

    /// The first position that a query at `position` sees.
    pub(super) fn first_seen(&self, position: usize) -> usize {
        self.window
            .map_or(0, |window| (position + 1).saturating_sub(window))
    }
}

/// What a layer's attention reads.
pub(crate) struct Inputs<'a> {
    /// `[rows, (H + 2·H_kv)·head_dim]`, queries and keys rotated already.
    pub(crate) qkv: &'a Matrix,
    pub(crate) segments: &'a [Segment],
    /// How many of the segments, from the first on, may have their pattern kept.
    pub(crate) captured: usize,
    /// Keys and values of the runs that pieces name: `[positions, 2·H_kv·head_dim]`.
    pub(crate) runs: &'a [Option<&'a Matrix>],
    pub(crate) heads: Heads,
}

/// One head of some rows that see the same past.
struct Task<'a> {
    segment: &'a Segment,
    index: usize,
    head: usize,
    /// Rows of the segment, from its first; of siblings the first one's row and the others' behind.
    rows: Range<usize>,
    kin: Kin,
}

/// What the rows of a task are to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kin {
    /// Consecutive positions of one segment, each seen by the later ones.
    Positions,
    /// Segments of one row each, which left one sequence at one position: each sees the past that
    /// they share, and itself.
    Siblings,
}

/// The positions that a task's rows see.
struct Seen {
    /// That of the first row.
    position: usize,
    /// Those that any row sees.
    all: Range<usize>,
    /// Those of `all` that rows do not have to themselves.
    shared: Range<usize>,
}

impl Task<'_> {
    fn sees(&self, heads: &Heads) -> Seen {
        let own = self.segment.position;
        match self.kin {
            Kin::Positions => {
                let position = own + self.rows.start;
                let all = heads.first_seen(position)..own + self.rows.end;
                Seen {
                    position,
                    shared: all.clone(),
                    all,
                }
            }
            Kin::Siblings => {
                let first = heads.first_seen(own);
                Seen {
                    position: own,
                    all: first..own + 1,
                    shared: first..own,
                }
            }
        }
    }
}

/// Keys and values of consecutive positions.
struct Source<'a> {
    /// Begins with the first position's keys and values.
    data: &'a [f32],
    /// Values from one position to the next.
    stride: usize,
    /// The positions.
    positions: Range<usize>,
}

/// Causal attention of every sequence and head.
///
/// # Shapes
/// `z` becomes `[rows, H·head_dim]`; → per captured segment the pattern of the rows that `keep` names,
/// `[kept × H, length]`.
pub(crate) fn attend(
    inputs: &Inputs<'_>,
    z: &mut Matrix,
    keep: impl Fn(&Segment) -> Range<usize> + Sync,
) -> Vec<Matrix> {
    let heads = inputs.heads;
    z.reshape(inputs.qkv.rows, heads.queries * heads.head_dim);
    let output = Output(z.data.as_mut_ptr());
    let width = z.cols;
    let tasks = tasks(inputs.segments, inputs.captured, heads.queries);
    let kept: Vec<Vec<f32>> = tasks
        .par_iter()
        .map_init(Vec::new, |scores, task| {
            let first = task.segment.start + task.rows.start;
            // The task's own part of z: its rows and its head's columns.
            let target = Output(output.at(first * width + task.head * heads.head_dim));
            let seen = attend_rows(inputs, task, scores, target, width);
            if task.index >= inputs.captured {
                return Vec::new();
            }
            let kept = keep(task.segment);
            let kept = kept.start.max(first)..kept.end.min(task.segment.start + task.rows.end);
            let length = task.segment.length();
            let mut pattern = vec![0.0; kept.len() * length];
            for (row, target) in kept.zip(pattern.chunks_exact_mut(length)) {
                let row = (row - first) * seen.len();
                target[seen.clone()].copy_from_slice(&scores[row..row + seen.len()]);
            }
            pattern
        })
        .collect();
    let mut patterns: Vec<Matrix> = inputs.segments[..inputs.captured]
        .iter()
        .map(|segment| Matrix::zeros(keep(segment).len() * heads.queries, segment.length()))
        .collect();
    for (task, rows) in tasks.iter().zip(&kept).filter(|(_, rows)| !rows.is_empty()) {
        let first = keep(task.segment)
            .start
            .max(task.segment.start + task.rows.start);
        let before = first - keep(task.segment).start;
        for (row, values) in rows.chunks_exact(task.segment.length()).enumerate() {
            patterns[task.index]
                .row_mut((before + row) * heads.queries + task.head)
                .copy_from_slice(values);
        }
    }
    patterns
}

fn tasks(segments: &[Segment], captured: usize, heads: usize) -> Vec<Task<'_>> {
    let mut tasks = Vec::new();
    let mut index = 0;
    while let Some(segment) = segments.get(index) {
        let siblings = siblings(&segments[index..]);
        // The pattern of a sequence may be asked for, and is read from its own task.
        let (kin, count, rows) = if index >= captured && siblings > 1 {
            (Kin::Siblings, siblings, siblings)
        } else {
            (Kin::Positions, 1, segment.rows)
        };
        for start in (0..rows).step_by(BLOCK) {
            for head in 0..heads {
                tasks.push(Task {
                    segment,
                    index,
                    head,
                    rows: start..rows.min(start + BLOCK),
                    kin,
                });
            }
        }
        index += count;
    }
    tasks
}

/// How many of the segments, from the first on, lie row after row and are siblings.
fn siblings(segments: &[Segment]) -> usize {
    let Some(first) = segments.first() else {
        return 0;
    };
    let alike = |segment: &&Segment| {
        segment.rows == 1
            && segment.sequence == first.sequence
            && segment.position == first.position
            && segment.past == first.past
    };
    let rows = first.start..;
    let alike = segments.iter().take_while(alike);
    alike
        .zip(rows)
        .take_while(|(segment, row)| segment.start == *row)
        .count()
}

/// Attends for the rows of a task. `scores` becomes their pattern, `[rows, seen]`, over the
/// positions that are returned; `z` points to the task's rows and columns, in rows of `z_width`.
fn attend_rows(
    inputs: &Inputs<'_>,
    task: &Task<'_>,
    scores: &mut Vec<f32>,
    z: Output,
    z_width: usize,
) -> Range<usize> {
    let Inputs { qkv, heads, .. } = *inputs;
    let n = task.rows.len();
    let Seen {
        position,
        all: seen,
        shared,
    } = task.sees(&heads);
    scores.clear();
    scores.resize(n * seen.len(), 0.0);
    let row = task.segment.start + task.rows.start;
    let queries = &qkv.data[row * qkv.cols + task.head * heads.head_dim..];
    let queries = View::new(queries, n, heads.head_dim, qkv.cols);
    let sources = sources(inputs, task.segment, &shared);
    for source in &sources {
        let column = source.positions.start - seen.start;
        let keys = &source.data[heads.key(task.head)..];
        let keys = View::new(keys, source.positions.len(), heads.head_dim, source.stride);
        let target = &mut scores[column..];
        queries.times(keys.transposed(), heads.scale, target, seen.len(), false);
    }
    let own = qkv.data[row * qkv.cols..].chunks_exact(qkv.cols);
    for ((index, own), row) in own.enumerate().zip(scores.chunks_exact_mut(seen.len())) {
        if task.kin == Kin::Siblings {
            row[seen.len() - 1] = heads.own_score(task.head, own);
            softmax(row);
        } else {
            let position = position + index;
            let visible = heads.first_seen(position) - seen.start..position + 1 - seen.start;
            row[..visible.start].fill(0.0);
            row[visible.end..].fill(0.0);
            softmax(&mut row[visible]);
        }
    }
    for (index, source) in sources.iter().enumerate() {
        let column = source.positions.start - seen.start;
        let values = &source.data[heads.value(task.head)..];
        #[expect(unsafe_code, reason = "gemm takes raw pointers")]
        // SAFETY: `scores` is `n × seen`, `values` begins as many rows as the source has positions,
        // each with `head_dim` values of this head; `z` points to `n` rows of `z_width` values, and this task alone
        // writes `head_dim` columns of them.
        unsafe {
            gemm::gemm(
                n,
                heads.head_dim,
                source.positions.len(),
                z.at(0),
                1,
                z_width as isize,
                index > 0,
                scores[column..].as_ptr(),
                1,
                seen.len() as isize,
                values.as_ptr(),
                1,
                source.stride as isize,
                1.0,
                1.0,
                false,
                false,
                false,
                Parallelism::None,
            );
        }
    }
    if task.kin == Kin::Siblings {
        let own = qkv.data[row * qkv.cols..].chunks_exact(qkv.cols);
        for (index, (own, pattern)) in own.zip(scores.chunks_exact(seen.len())).enumerate() {
            #[expect(unsafe_code, reason = "tasks write disjoint parts of one buffer")]
            // SAFETY: row `index` of the task's `n`, of whose columns this task alone writes
            // `head_dim`.
            let z =
                unsafe { std::slice::from_raw_parts_mut(z.at(index * z_width), heads.head_dim) };
            heads.add_own(
                task.head,
                own,
                pattern[seen.len() - 1],
                sources.is_empty(),
                z,
            );
        }
    }
    seen
}

/// Where the keys and values of the positions `seen` of a segment lie, in their order.
fn sources<'a>(inputs: &Inputs<'a>, segment: &Segment, seen: &Range<usize>) -> Vec<Source<'a>> {
    let mut sources = Vec::with_capacity(segment.past.len() + 1);
    let mut start = 0;
    for piece in segment.past.iter().copied().chain([segment.own()]) {
        let positions = start..start + piece.count();
        start = positions.end;
        let wanted = positions.start.max(seen.start)..positions.end.min(seen.end);
        if wanted.is_empty() {
            continue;
        }
        let skipped = wanted.start - positions.start;
        let source = match piece {
            Piece::Batch { row, .. } => {
                let first = (row + skipped) * inputs.qkv.cols + inputs.heads.keys_values().start;
                Source {
                    data: &inputs.qkv.data[first..],
                    stride: inputs.qkv.cols,
                    positions: wanted,
                }
            }
            Piece::Run { run, .. } => {
                let Some(matrix) = inputs.runs[run] else {
                    unreachable!("a piece names a run that was recalled");
                };
                Source {
                    data: &matrix.data[skipped * matrix.cols..],
                    stride: matrix.cols,
                    positions: wanted,
                }
            }
        };
        sources.push(source);
    }
    sources
}
