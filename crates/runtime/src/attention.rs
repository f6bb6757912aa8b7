//! Causal attention of every head, with the patterns that are captured.

use std::ops::Range;

use rayon::prelude::*;

use crate::batch::{KvSpan, Segment};
use crate::head_layout::HeadLayout;
use crate::knockout::BlockedKeys;
use crate::linear::OutputPtr;
use crate::matrix::Matrix;
use crate::matrix_view::MatrixView;

/// Queries that one task computes. With so few, the scores of a long prompt stay in the CPU's cache,
/// and a block computes no scores for positions after its last row.
const BLOCK: usize = 126;

/// What the attention of a layer reads.
pub(crate) struct AttentionInputs<'a> {
    /// `[rows, (H + 2·H_kv)·head_dim]`, with queries and keys rotated.
    pub(crate) qkv: &'a Matrix,
    pub(crate) segments: &'a [Segment],
    /// The number of segments, from the first on, whose pattern may be captured.
    pub(crate) captured: usize,
    /// For each sequence, keys and values of its cached run: `[positions, 2·H_kv·head_dim]`.
    pub(crate) cached: &'a [Option<&'a Matrix>],
    /// For each sequence, the keys that are knocked out.
    pub(crate) blocked: &'a [BlockedKeys],
    pub(crate) heads: HeadLayout,
}

/// The query heads of one key-value head, for some rows that share their past: a product then reads
/// the keys and values once for all these heads.
struct AttentionTask<'a> {
    segment: &'a Segment,
    /// The segment's index.
    index: usize,
    /// The first of the query heads.
    head: usize,
    /// The task's rows, counted from the segment's first row. For siblings, row 0 belongs to the
    /// segment and the others to the segments after it.
    rows: Range<usize>,
    group: RowGroup,
}

/// How the rows of a task are related.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RowGroup {
    /// Consecutive positions of one segment: later rows see earlier ones.
    Consecutive,
    /// Segments of one row each that fork from one sequence at one position: each row sees their
    /// common past and itself, but not the other rows.
    Siblings,
}

/// The positions that the rows of a task see.
struct VisiblePositions {
    /// The position of the first row.
    position: usize,
    /// The positions that at least one row sees.
    all: Range<usize>,
    /// Those of `all` whose keys and values are the same for every row that sees them.
    shared: Range<usize>,
}

impl AttentionTask<'_> {
    fn visible(&self, heads: &HeadLayout) -> VisiblePositions {
        let own = self.segment.position;
        match self.group {
            RowGroup::Consecutive => {
                let position = own + self.rows.start;
                let all = heads.first_visible(position)..own + self.rows.end;
                VisiblePositions {
                    position,
                    shared: all.clone(),
                    all,
                }
            }
            RowGroup::Siblings => {
                let first = heads.first_visible(own);
                VisiblePositions {
                    position: own,
                    all: first..own + 1,
                    shared: first..own,
                }
            }
        }
    }
}

/// Matrices that every task of a thread overwrites.
#[derive(Default)]
struct AttentionScratch {
    /// `[rows × heads, head_dim]`: the queries, the heads of a row next to each other.
    queries: Vec<f32>,
    /// `[rows × heads, visible]`: their scores, then their pattern.
    scores: Vec<f32>,
    /// `[rows × heads, head_dim]`: their values, weighted by the pattern.
    z: Vec<f32>,
}

/// Keys and values of consecutive positions.
struct KvSlice<'a> {
    /// Starts with the keys and values of the first position.
    data: &'a [f32],
    /// The distance between the values of two neighbouring positions.
    stride: usize,
    positions: Range<usize>,
}

/// Computes the attention of every segment and head and returns, for each captured segment, the
/// pattern of the rows that `keep` names.
///
/// # Shapes
/// → `z`: `[rows, H·head_dim]` (`attn.hook_z`); patterns: `[kept × H, length]`.
pub(crate) fn attend(
    inputs: &AttentionInputs<'_>,
    z: &mut Matrix,
    keep: impl Fn(&Segment) -> Range<usize> + Sync,
) -> Vec<Matrix> {
    let heads = inputs.heads;
    z.reshape(inputs.qkv.rows, heads.queries * heads.head_dim);
    let output = OutputPtr(z.data.as_mut_ptr());
    let width = z.cols;
    let tasks = tasks(inputs.segments, inputs.captured, &heads);
    let group = heads.group();
    let kept: Vec<Vec<f32>> = tasks
        .par_iter()
        .map_init(AttentionScratch::default, |scratch, task| {
            let first = task.segment.start + task.rows.start;
            // The task's part of z: its rows and the columns of its heads.
            let target = OutputPtr(output.at(first * width + task.head * heads.head_dim));
            let visible = attend_rows(inputs, task, scratch, target, width);
            if task.index >= inputs.captured {
                return Vec::new();
            }
            let kept = keep(task.segment);
            let kept = kept.start.max(first)..kept.end.min(task.segment.start + task.rows.end);
            let length = task.segment.length();
            let mut pattern = vec![0.0; kept.len() * group * length];
            if pattern.is_empty() {
                return pattern;
            }
            let scores = scratch.scores.chunks_exact(visible.len());
            let scores = scores.skip((kept.start - first) * group);
            for (target, scores) in pattern.chunks_exact_mut(length).zip(scores) {
                target[visible.clone()].copy_from_slice(scores);
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
            let (row, head) = (before + row / group, task.head + row % group);
            patterns[task.index]
                .row_mut(row * heads.queries + head)
                .copy_from_slice(values);
        }
    }
    patterns
}

/// Divides the rows of all segments into tasks of at most [`BLOCK`] queries, but of at least one row.
fn tasks<'a>(
    segments: &'a [Segment],
    captured: usize,
    heads: &HeadLayout,
) -> Vec<AttentionTask<'a>> {
    let mut tasks = Vec::new();
    let block = (BLOCK / heads.group().max(2)).max(1);
    let mut index = 0;
    while let Some(segment) = segments.get(index) {
        let siblings = count_siblings(&segments[index..]);
        // A captured segment needs separate tasks, from which its pattern is read.
        let (group, count, rows) = if index >= captured && siblings > 1 {
            (RowGroup::Siblings, siblings, siblings)
        } else {
            (RowGroup::Consecutive, 1, segment.rows)
        };
        for start in (0..rows).step_by(block) {
            for head in (0..heads.queries).step_by(heads.group()) {
                tasks.push(AttentionTask {
                    segment,
                    index,
                    head,
                    rows: start..rows.min(start + block),
                    group,
                });
            }
        }
        index += count;
    }
    tasks
}

/// The number of segments, from the first on, that are siblings in adjacent rows.
fn count_siblings(segments: &[Segment]) -> usize {
    let Some(first) = segments.first() else {
        return 0;
    };
    let is_sibling = |segment: &&Segment| {
        segment.rows == 1
            && segment.sequence == first.sequence
            && segment.position == first.position
            && segment.past == first.past
    };
    let siblings = segments.iter().take_while(is_sibling);
    siblings
        .zip(first.start..)
        .take_while(|(segment, row)| segment.start == *row)
        .count()
}

/// Computes the attention of a task's rows and returns the positions that they see.
///
/// # Shapes
/// → `scratch.scores`: the pattern, `[rows × heads, visible]`; `z` points to the task's rows and
/// columns, in rows of `z_width` values.
fn attend_rows(
    inputs: &AttentionInputs<'_>,
    task: &AttentionTask<'_>,
    scratch: &mut AttentionScratch,
    z: OutputPtr,
    z_width: usize,
) -> Range<usize> {
    let AttentionInputs { qkv, heads, .. } = *inputs;
    let group = heads.group();
    let n = task.rows.len() * group;
    let VisiblePositions {
        position,
        all: visible,
        shared,
    } = task.visible(&heads);
    let AttentionScratch {
        queries,
        scores,
        z: weighted,
    } = scratch;
    // The values of the task's heads in a row of `z`; their queries are at the same columns.
    let columns = group * heads.head_dim;
    let row = task.segment.start + task.rows.start;
    let rows = || qkv.data[row * qkv.cols..].chunks_exact(qkv.cols);
    queries.clear();
    for row in rows().take(task.rows.len()) {
        queries.extend_from_slice(&row[task.head * heads.head_dim..][..columns]);
    }
    let queries = MatrixView::new(queries, n, heads.head_dim, heads.head_dim);
    scores.clear();
    scores.resize(n * visible.len(), 0.0);
    weighted.clear();
    weighted.resize(n * heads.head_dim, 0.0);
    let slices = kv_slices(inputs, task.segment, &shared);
    for slice in &slices {
        let column = slice.positions.start - visible.start;
        let keys = &slice.data[heads.key(task.head)..];
        let keys = MatrixView::new(keys, slice.positions.len(), heads.head_dim, slice.stride);
        let target = &mut scores[column..];
        queries.times(keys.transposed(), heads.scale, target, visible.len(), false);
    }
    let blocked = &inputs.blocked[task.segment.sequence];
    let of_rows = scores.chunks_exact_mut(group * visible.len());
    for ((index, own), of_row) in rows().enumerate().zip(of_rows) {
        for (head, row) in of_row.chunks_exact_mut(visible.len()).enumerate() {
            if task.group == RowGroup::Siblings {
                row[visible.len() - 1] = heads.own_score(task.head + head, own);
                blocked.softmax(position, visible.start, row);
            } else {
                let position = position + index;
                let first = heads.first_visible(position);
                let own = first - visible.start..position + 1 - visible.start;
                row[..own.start].fill(0.0);
                row[own.end..].fill(0.0);
                blocked.softmax(position, first, &mut row[own]);
            }
        }
    }
    for slice in &slices {
        let column = slice.positions.start - visible.start;
        let values = &slice.data[heads.value(task.head)..];
        let count = slice.positions.len();
        let values = MatrixView::new(values, count, heads.head_dim, slice.stride);
        let pattern = MatrixView::new(&scores[column..], n, count, visible.len());
        pattern.times(values, 1.0, weighted, heads.head_dim, true);
    }
    if task.group == RowGroup::Siblings {
        let own = rows().flat_map(|row| std::iter::repeat_n(row, group));
        let patterns = scores.chunks_exact(visible.len());
        let targets = weighted.chunks_exact_mut(heads.head_dim);
        for (index, ((own, pattern), z)) in own.zip(patterns).zip(targets).enumerate() {
            let head = task.head + index % group;
            heads.add_own_value(head, own, pattern[visible.len() - 1], z);
        }
    }
    for (index, values) in weighted.chunks_exact(columns).enumerate() {
        #[expect(unsafe_code, reason = "tasks write disjoint parts of one buffer")]
        // SAFETY: row `index` of the task's rows, of whose columns this task alone writes those of
        // its heads.
        let z = unsafe { std::slice::from_raw_parts_mut(z.at(index * z_width), columns) };
        z.copy_from_slice(values);
    }
    visible
}

/// The keys and values of the positions `visible` of a segment, in the order of the positions.
fn kv_slices<'a>(
    inputs: &AttentionInputs<'a>,
    segment: &Segment,
    visible: &Range<usize>,
) -> Vec<KvSlice<'a>> {
    let mut slices = Vec::with_capacity(segment.past.len() + 1);
    let mut start = 0;
    for span in segment.past.iter().copied().chain([segment.own_span()]) {
        let positions = start..start + span.count();
        start = positions.end;
        let needed = positions.start.max(visible.start)..positions.end.min(visible.end);
        if needed.is_empty() {
            continue;
        }
        let skipped = needed.start - positions.start;
        let slice = match span {
            KvSpan::Batch { row, .. } => {
                let first = (row + skipped) * inputs.qkv.cols + inputs.heads.keys_values().start;
                KvSlice {
                    data: &inputs.qkv.data[first..],
                    stride: inputs.qkv.cols,
                    positions: needed,
                }
            }
            KvSpan::Cached { run, .. } => {
                let Some(matrix) = inputs.cached[run] else {
                    unreachable!("a span names a cached run that was found");
                };
                KvSlice {
                    data: &matrix.data[skipped * matrix.cols..],
                    stride: matrix.cols,
                    positions: needed,
                }
            }
        };
        slices.push(slice);
    }
    slices
}
