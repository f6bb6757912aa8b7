//! Which rows of a packed batch belong to which sequence, fork and position, and where what came
//! before them is to be found.

use std::ops::Range;

use crate::hooks::{Action, Fork, Hooks, Positions, Reuse};
use crate::matrix::Matrix;
use crate::runs::{Recalled, Sequence};

/// The rows of one sequence that a pass computes, or those of a fork.
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
    /// Where the positions before that are.
    pub(crate) past: Vec<Piece>,
}

/// Consecutive positions of a sequence, from where it begins or from where the piece before ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece {
    /// The first `count` positions of the run that was recalled for a sequence.
    Run { run: usize, count: usize },
    /// Rows of the batch.
    Batch { row: usize, count: usize },
}

impl Piece {
    pub(crate) fn count(&self) -> usize {
        match self {
            Self::Run { count, .. } | Self::Batch { count, .. } => *count,
        }
    }

    fn first(self, most: usize) -> Self {
        match self {
            Self::Run { run, count } => Self::Run {
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
pub(crate) enum Place {
    /// In the run that was recalled for a sequence.
    Run { run: usize, position: usize },
    /// In a row of the batch.
    Batch { row: usize },
}

impl Segment {
    pub(crate) fn range(&self) -> Range<usize> {
        self.start..self.start + self.rows
    }

    /// Tokens of the sequence.
    pub(crate) fn length(&self) -> usize {
        self.position + self.rows
    }

    /// Its own rows.
    pub(crate) fn own(&self) -> Piece {
        Piece::Batch {
            row: self.start,
            count: self.rows,
        }
    }

    /// Every position of the sequence.
    pub(crate) fn pieces(&self) -> Vec<Piece> {
        self.pieces_before(self.length())
    }

    /// Where each position of the sequence is.
    pub(crate) fn places(&self) -> impl Iterator<Item = Place> {
        let mut position = 0;
        self.pieces().into_iter().flat_map(move |piece| {
            let start = position;
            position += piece.count();
            (0..piece.count()).map(move |offset| match piece {
                Piece::Run { run, .. } => Place::Run {
                    run,
                    position: start + offset,
                },
                Piece::Batch { row, .. } => Place::Batch { row: row + offset },
            })
        })
    }

    /// The first `count` positions of the sequence.
    pub(crate) fn pieces_before(&self, count: usize) -> Vec<Piece> {
        let mut left = count;
        let mut pieces = Vec::new();
        for piece in self.past.iter().copied().chain([self.own()]) {
            let piece = piece.first(left);
            left -= piece.count();
            if piece.count() > 0 {
                pieces.push(piece);
            }
        }
        pieces
    }

    /// The packed rows of those of `positions` that the segment holds.
    pub(crate) fn rows_of(&self, positions: Range<usize>) -> Range<usize> {
        let first = positions.start.max(self.position) - self.position;
        let last = positions.end.max(self.position) - self.position;
        self.start + first.min(self.rows)..self.start + last.min(self.rows)
    }
}

/// Lays the sequences row after row, each from the first position on that has to be computed:
/// what a recalled run or an earlier sequence of the batch shares is not computed again.
pub(crate) fn pack(
    sequences: &[Sequence<'_>],
    hooks: &Hooks,
    recalled: &[Option<Recalled>],
    affordable: &[Reuse],
) -> Vec<Segment> {
    let mut segments: Vec<Segment> = Vec::with_capacity(sequences.len());
    let mut start = 0;
    for (index, sequence) in sequences.iter().enumerate() {
        let run = recalled.get(index).and_then(Option::as_ref);
        let wanted = first_wanted(index, sequence.tokens.len(), hooks, run, affordable[index]);
        let from_run = run.map_or(0, |recalled| recalled.shared.min(wanted));
        let mut past = vec![Piece::Run {
            run: index,
            count: from_run,
        }];
        let mut position = from_run;
        for (other, before) in segments.iter().enumerate() {
            let common = sequence.shared(&sequences[other]).min(wanted);
            if common > position {
                position = common;
                past = before.pieces_before(common);
            }
        }
        past.retain(|piece| piece.count() > 0);
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

/// The first position of a sequence that has to be computed even if it is known: what is
/// captured there, a fork that leaves there, or residuals that are to be kept (`affordable`).
fn first_wanted(
    sequence: usize,
    len: usize,
    hooks: &Hooks,
    run: Option<&Recalled>,
    affordable: Reuse,
) -> usize {
    let complete = run.is_some_and(|recalled| recalled.says_all(len, Reuse::Residuals));
    let captured = hooks.capture.first_inside(sequence, len);
    if complete && captured == len {
        return len;
    }
    let forks = hooks.forks.iter().filter(|fork| fork.sequence == sequence);
    let left = forks.map(|fork| fork.at.range(len).start);
    // Residuals are kept of whole sequences only.
    let kept = if affordable == Reuse::Residuals {
        0
    } else {
        len
    };
    left.fold(captured.min(kept), usize::min)
}

/// The rows that `positions` names, segment after segment.
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

/// The forks of `layer` with the segments that they will be, behind `rows` rows. Forks are laid
/// out in the order of their layers.
pub(crate) fn fork_segments<'a>(
    layer: usize,
    sequences: &[Segment],
    rows: usize,
    hooks: &'a Hooks,
) -> Vec<(usize, &'a Fork, Segment)> {
    let mut start = rows;
    let mut made = Vec::new();
    for (index, fork) in hooks.forks.iter().enumerate() {
        let Some(origin) = sequences.get(fork.sequence).filter(|_| fork.layer == layer) else {
            continue;
        };
        let position = fork.at.range(origin.length()).start;
        let segment = Segment {
            start,
            rows: origin.length() - position,
            sequence: fork.sequence,
            position,
            past: origin.pieces_before(position),
        };
        start += segment.rows;
        made.push((index, fork, segment));
    }
    made
}
