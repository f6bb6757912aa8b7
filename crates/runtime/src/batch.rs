//! The rows of a packed batch: to which sequence, fork and position each belongs, and where the
//! keys and values of earlier positions are.

use std::ops::Range;
use std::sync::Arc;

use crate::hooks::{Fork, Hooks, InterventionAction, Positions, Reuse};
use crate::matrix::Matrix;
use crate::run_cache::{CacheHit, Sequence};

/// Consecutive rows of the batch that belong to one sequence or one fork.
#[derive(Debug, Clone)]
pub(crate) struct Segment {
    /// The first row.
    pub(crate) start: usize,
    /// The number of rows.
    pub(crate) rows: usize,
    /// Index of the sequence, for a fork of the sequence that it varies.
    pub(crate) sequence: usize,
    /// The position of the first row in its sequence.
    pub(crate) position: usize,
    /// Where the positions before it are.
    pub(crate) past: Vec<KvSpan>,
}

/// Where keys and values of consecutive positions are. The spans of a segment follow one another
/// from position 0 on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KvSpan {
    /// The first `count` positions of the cached run that was found for sequence `run`.
    Cached { run: usize, count: usize },
    /// `count` rows of the batch, from `row` on.
    Batch { row: usize, count: usize },
}

impl KvSpan {
    /// The number of positions.
    pub(crate) fn count(&self) -> usize {
        match self {
            Self::Cached { count, .. } | Self::Batch { count, .. } => *count,
        }
    }

    /// The first `most` positions of the span.
    fn truncated(self, most: usize) -> Self {
        match self {
            Self::Cached { run, count } => Self::Cached {
                run,
                count: count.min(most),
            },
            Self::Batch { row, count } => Self::Batch {
                row,
                count: count.min(most),
            },
        }
    }
}

/// Where one position of a sequence is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KvLocation {
    /// Position `position` of the cached run that was found for sequence `run`.
    Cached { run: usize, position: usize },
    /// Row `row` of the batch.
    Batch { row: usize },
}

impl Segment {
    /// The rows of the batch.
    pub(crate) fn range(&self) -> Range<usize> {
        self.start..self.start + self.rows
    }

    /// The number of tokens of the sequence.
    pub(crate) fn length(&self) -> usize {
        self.position + self.rows
    }

    /// The segment's own rows as a span.
    pub(crate) fn own_span(&self) -> KvSpan {
        KvSpan::Batch {
            row: self.start,
            count: self.rows,
        }
    }

    /// The spans of the first `count` positions of the sequence.
    pub(crate) fn spans_before(&self, count: usize) -> Vec<KvSpan> {
        let mut left = count;
        let mut spans = Vec::new();
        for span in self.past.iter().copied().chain([self.own_span()]) {
            let span = span.truncated(left);
            left -= span.count();
            if span.count() > 0 {
                spans.push(span);
            }
        }
        spans
    }

    /// The location of each position of the sequence.
    pub(crate) fn locations(&self) -> impl Iterator<Item = KvLocation> {
        let mut position = 0;
        let spans = self.spans_before(self.length());
        spans.into_iter().flat_map(move |span| {
            let start = position;
            position += span.count();
            (0..span.count()).map(move |offset| match span {
                KvSpan::Cached { run, .. } => KvLocation::Cached {
                    run,
                    position: start + offset,
                },
                KvSpan::Batch { row, .. } => KvLocation::Batch { row: row + offset },
            })
        })
    }

    /// The rows of the batch for those of `positions` that the segment holds.
    pub(crate) fn rows_of(&self, positions: Range<usize>) -> Range<usize> {
        let first = positions.start.max(self.position) - self.position;
        let last = positions.end.max(self.position) - self.position;
        self.start + first.min(self.rows)..self.start + last.min(self.rows)
    }
}

/// Packs the sequences row after row, each from the first position on that must be computed:
/// positions that a cached run or an earlier sequence of the batch shares are left out.
pub(crate) fn pack(
    sequences: &[Sequence<'_>],
    hooks: &Hooks,
    hits: &[Option<CacheHit>],
    affordable: &[Reuse],
) -> Vec<Segment> {
    let mut segments: Vec<Segment> = Vec::with_capacity(sequences.len());
    let mut start = 0;
    for (index, sequence) in sequences.iter().enumerate() {
        let hit = hits.get(index).and_then(Option::as_ref);
        let needed = first_needed(index, sequence.tokens.len(), hooks, hit, affordable[index]);
        let from_cache = hit.map_or(0, |hit| hit.shared.min(needed));
        let mut past = vec![KvSpan::Cached {
            run: index,
            count: from_cache,
        }];
        let mut position = from_cache;
        for (other, earlier) in segments.iter().enumerate() {
            let common = sequence.shared(&sequences[other]).min(needed);
            if common > position {
                position = common;
                past = earlier.spans_before(common);
            }
        }
        past.retain(|span| span.count() > 0);
        let rows = sequence.tokens.len() - position;
        segments.push(Segment {
            start,
            rows,
            sequence: index,
            position,
            past,
        });
        start += rows;
    }
    segments
}

/// The first position of a sequence that must be computed even if it is cached: because it is
/// captured, a fork starts there, or its residuals are to be cached (`affordable`).
fn first_needed(
    sequence: usize,
    len: usize,
    hooks: &Hooks,
    hit: Option<&CacheHit>,
    affordable: Reuse,
) -> usize {
    let complete = hit.is_some_and(|hit| hit.covers(len, Reuse::Residuals));
    let captured = hooks.capture.first_inside(sequence, len);
    if complete && captured == len {
        return len;
    }
    let forks = hooks.forks.iter().filter(|fork| fork.sequence == sequence);
    let forked = forks.map(|fork| fork.at.range(len).start);
    // Residuals are cached for whole sequences only.
    let cached = if affordable == Reuse::Residuals {
        0
    } else {
        len
    };
    forked.fold(captured.min(cached), usize::min)
}

/// The rows of `values` that `positions` names, segment after segment.
pub(crate) fn keep(values: &Matrix, segments: &[Segment], positions: &Positions) -> Matrix {
    if *positions == Positions::None {
        return Matrix::default();
    }
    values.select(
        segments.iter().flat_map(|segment| {
            segment.rows_of(positions.range(segment.sequence, segment.length()))
        }),
    )
}

/// Each intervention of `layer` with the rows that it changes. It also changes the forks of its
/// sequence: a fork differs by its own addition only.
pub(crate) fn interventions_of<'a>(
    layer: usize,
    segments: &'a [Segment],
    hooks: &'a Hooks,
) -> impl Iterator<Item = (&'a InterventionAction, impl Iterator<Item = usize> + 'a)> + 'a {
    let here = hooks
        .interventions
        .iter()
        .filter(move |change| change.layer == layer);
    here.map(move |change| {
        let rows = segments
            .iter()
            .filter(|segment| change.sequence.is_none_or(|one| one == segment.sequence))
            .flat_map(|segment| segment.rows_of(change.at.range(segment.length())));
        (&change.action, rows)
    })
}

/// A fork with its index in the hooks and the segment that it becomes.
pub(crate) struct ForkSegment<'a> {
    pub(crate) index: usize,
    pub(crate) fork: &'a Fork,
    pub(crate) segment: Segment,
}

/// The forks that start at `layer`, with segments that follow the first `rows` rows of the batch.
/// `segments` are those of `sequences`.
///
/// Forks with one vector at the same positions of two sequences share the positions that the
/// sequences share.
pub(crate) fn fork_segments<'a>(
    layer: usize,
    segments: &[Segment],
    sequences: &[Sequence<'_>],
    rows: usize,
    hooks: &'a Hooks,
) -> Vec<ForkSegment<'a>> {
    let mut start = rows;
    let mut forks: Vec<ForkSegment<'_>> = Vec::new();
    for (index, fork) in hooks.forks.iter().enumerate() {
        let Some(origin) = segments.get(fork.sequence).filter(|_| fork.layer == layer) else {
            continue;
        };
        let mut position = fork.at.range(origin.length()).start;
        let mut past = origin.spans_before(position);
        for other in &forks {
            if !Arc::ptr_eq(&other.fork.vector, &fork.vector) || other.fork.at != fork.at {
                continue;
            }
            let common = sequences[fork.sequence].shared(&sequences[other.fork.sequence]);
            if common > position {
                position = common;
                past = other.segment.spans_before(common);
            }
        }
        let segment = Segment {
            start,
            rows: origin.length() - position,
            sequence: fork.sequence,
            position,
            past,
        };
        start += segment.rows;
        forks.push(ForkSegment {
            index,
            fork,
            segment,
        });
    }
    forks
}
