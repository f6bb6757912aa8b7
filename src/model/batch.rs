//! Which rows of a packed batch belong to which sequence, fork and position.

use std::ops::Range;

use super::hooks::{Action, Hooks, Positions};
use super::matrix::Matrix;

/// The tokens of one sequence in a packed batch, or those of a fork from its first change on.
#[derive(Debug, Clone)]
pub(crate) struct Segment {
    /// Its first row.
    pub(crate) start: usize,
    /// Its number of rows.
    pub(crate) rows: usize,
    /// The sequence that it is, or that it left.
    pub(crate) sequence: usize,
    /// The position of its first row.
    pub(crate) position: usize,
    /// The first row of that sequence, which holds the keys and values before `position`.
    pub(crate) origin: usize,
}

impl Segment {
    pub(crate) fn range(&self) -> Range<usize> {
        self.start..self.start + self.rows
    }

    /// Tokens of the sequence.
    pub(crate) fn length(&self) -> usize {
        self.position + self.rows
    }

    /// The packed rows of those of `positions` that the segment holds.
    pub(crate) fn rows_of(&self, positions: Range<usize>) -> Range<usize> {
        let first = positions.start.max(self.position) - self.position;
        let last = positions.end.max(self.position) - self.position;
        self.start + first.min(self.rows)..self.start + last.min(self.rows)
    }
}

/// Lays the sequences row after row.
pub(crate) fn pack(sequences: &[&[u32]]) -> Vec<Segment> {
    let mut start = 0;
    sequences
        .iter()
        .enumerate()
        .map(|(sequence, tokens)| {
            let segment = Segment {
                start,
                rows: tokens.len(),
                sequence,
                position: 0,
                origin: start,
            };
            start += tokens.len();
            segment
        })
        .collect()
}

/// The rows that `positions` names, segment after segment.
pub(crate) fn keep(values: &Matrix, segments: &[Segment], positions: &Positions) -> Matrix {
    if *positions == Positions::None {
        return Matrix::default();
    }
    values.select(
        segments
            .iter()
            .flat_map(|segment| segment.rows_of(positions.range(segment.length()))),
    )
}

/// Each intervention of `layer` with the rows that it acts on, those of forks included: a fork
/// differs from its sequence by what it adds, not by what is in force.
pub(crate) fn changes<'a>(
    layer: usize,
    segments: &'a [Segment],
    hooks: &'a Hooks,
) -> impl Iterator<Item = (&'a Action, impl Iterator<Item = usize> + 'a)> + 'a {
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

/// The forks of `layer`: for each the segment that it will be and the row of its first token in
/// the sequence that it leaves. Forks are laid out in the order of their layers.
pub(crate) fn fork_segments(
    layer: usize,
    segments: &[Segment],
    rows: usize,
    hooks: &Hooks,
) -> Vec<(usize, Segment)> {
    let mut start = rows;
    let mut made = Vec::new();
    for (index, fork) in hooks.forks.iter().enumerate() {
        let Some(origin) = segments.get(fork.sequence).filter(|_| fork.layer == layer) else {
            continue;
        };
        let position = fork.at.range(origin.rows).start;
        let segment = Segment {
            start,
            rows: origin.rows - position,
            sequence: fork.sequence,
            position,
            origin: origin.start,
        };
        start += segment.rows;
        made.push((index, segment));
    }
    made
}
