//! Causal attention of every head, with the patterns that are captured.

use std::ops::Range;

use gemm::Parallelism;
use rayon::prelude::*;

use crate::batch::{KvSpan, Segment};
use crate::head_layout::HeadLayout;
use crate::knockout::BlockedKeys;
use crate::linear::OutputPtr;
use crate::matrix::Matrix;
use crate::matrix_view::MatrixView;

/// Rows that one task computes. With so few, the scores of a long prompt stay in the CPU's cache,
/// and a block computes no scores for positions after its last row.
const BLOCK: usize = 64;

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

/// One head of some rows that share their past.
struct AttentionTask<'a> {
    segment: &'a Segment,
    /// The segment's index.
    index: usize,
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
    let tasks = tasks(inputs.segments, inputs.captured, heads.queries);
    let kept: Vec<Vec<f32>> = tasks
        .par_iter()
        .map_init(Vec::new, |scores, task| {
            let first = task.segment.start + task.rows.start;
            // The task's part of z: its rows and the columns of its head.
            let target = OutputPtr(output.at(first * width + task.head * heads.head_dim));
            let visible = attend_rows(inputs, task, scores, target, width);
            if task.index >= inputs.captured {
                return Vec::new();
            }
            let kept = keep(task.segment);
            let kept = kept.start.max(first)..kept.end.min(task.segment.start + task.rows.end);
            let length = task.segment.length();
            let mut pattern = vec![0.0; kept.len() * length];
            for (row, target) in kept.zip(pattern.chunks_exact_mut(length)) {
                let row = (row - first) * visible.len();
                target[visible.clone()].copy_from_slice(&scores[row..row + visible.len()]);
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

/// Divides the rows of all segments into tasks of at most [`BLOCK`] rows of one head.
fn tasks(segments: &[Segment], captured: usize, heads: usize) -> Vec<AttentionTask<'_>> {
    let mut tasks = Vec::new();
    let mut index = 0;
    while let Some(segment) = segments.get(index) {
        let siblings = count_siblings(&segments[index..]);
        // A captured segment needs separate tasks, from which its pattern is read.
        let (group, count, rows) = if index >= captured && siblings > 1 {
            (RowGroup::Siblings, siblings, siblings)
        } else {
            (RowGroup::Consecutive, 1, segment.rows)
        };
        for start in (0..rows).step_by(BLOCK) {
            for head in 0..heads {
                tasks.push(AttentionTask {
                    segment,
                    index,
                    head,
                    rows: start..rows.min(start + BLOCK),
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
/// → `scores`: the pattern, `[rows, visible]`; `z` points to the task's rows and columns, in rows
/// of `z_width` values.
fn attend_rows(
    inputs: &AttentionInputs<'_>,
    task: &AttentionTask<'_>,
    scores: &mut Vec<f32>,
    z: OutputPtr,
    z_width: usize,
) -> Range<usize> {
    let AttentionInputs { qkv, heads, .. } = *inputs;
    let n = task.rows.len();
    let VisiblePositions {
        position,
        all: visible,
        shared,
    } = task.visible(&heads);
    scores.clear();
    scores.resize(n * visible.len(), 0.0);
    let row = task.segment.start + task.rows.start;
    let queries = &qkv.data[row * qkv.cols + task.head * heads.head_dim..];
    let queries = MatrixView::new(queries, n, heads.head_dim, qkv.cols);
    let slices = kv_slices(inputs, task.segment, &shared);
    for slice in &slices {
        let column = slice.positions.start - visible.start;
        let keys = &slice.data[heads.key(task.head)..];
        let keys = MatrixView::new(keys, slice.positions.len(), heads.head_dim, slice.stride);
        let target = &mut scores[column..];
        queries.times(keys.transposed(), heads.scale, target, visible.len(), false);
    }
    let blocked = &inputs.blocked[task.segment.sequence];
    let own = qkv.data[row * qkv.cols..].chunks_exact(qkv.cols);
    for ((index, own), row) in own.enumerate().zip(scores.chunks_exact_mut(visible.len())) {
        if task.group == RowGroup::Siblings {
            row[visible.len() - 1] = heads.own_score(task.head, own);
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
    for (index, slice) in slices.iter().enumerate() {
        let column = slice.positions.start - visible.start;
        let values = &slice.data[heads.value(task.head)..];
        #[expect(unsafe_code, reason = "gemm takes raw pointers")]
        // SAFETY: `scores` is `n × visible`; `values` starts as many rows as the slice has
        // positions, each with `head_dim` values of this head; `z` points to `n` rows of `z_width`
        // values, of which this task alone writes `head_dim` columns.
        unsafe {
            gemm::gemm(
                n,
                heads.head_dim,
                slice.positions.len(),
                z.at(0),
                1,
                z_width as isize,
                index > 0,
                scores[column..].as_ptr(),
                1,
                visible.len() as isize,
                values.as_ptr(),
                1,
                slice.stride as isize,
                1.0,
                1.0,
                false,
                false,
                false,
                Parallelism::None,
            );
        }
    }
    if task.group == RowGroup::Siblings {
        let own = qkv.data[row * qkv.cols..].chunks_exact(qkv.cols);
        for (index, (own, pattern)) in own.zip(scores.chunks_exact(visible.len())).enumerate() {
            #[expect(unsafe_code, reason = "tasks write disjoint parts of one buffer")]
            // SAFETY: row `index` of the task's `n`, of whose columns this task alone writes
            // `head_dim`.
            let z =
                unsafe { std::slice::from_raw_parts_mut(z.at(index * z_width), heads.head_dim) };
            if slices.is_empty() {
                z.fill(0.0);
            }
            heads.add_own_value(task.head, own, pattern[visible.len() - 1], z);
        }
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
