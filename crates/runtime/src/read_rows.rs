//! The rows of a batch that something reads after the last block.

use crate::batch::{KvLocation, Segment};
use crate::hooks::{Positions, Reuse};
use crate::matrix::Matrix;
use crate::pass::PassContext;

/// The rows of the batch that the second half of a block computes: all of them, except in the last
/// block, after whose attention no position reads another one.
#[derive(Debug, Default)]
pub(crate) struct ReadRows {
    /// For each row of the batch its index among the computed rows; `None` computes all.
    indices: Option<Vec<Option<usize>>>,
}

/// The segments of a batch and the rows of it that are computed.
#[derive(Clone, Copy)]
pub(crate) struct BatchRows<'a> {
    pub(crate) segments: &'a [Segment],
    pub(crate) read: &'a ReadRows,
}

impl BatchRows<'_> {
    /// The rows of `values`, which has the computed rows, that `positions` names in the first
    /// `captured` segments.
    pub(crate) fn keep(&self, values: &Matrix, captured: usize, positions: &Positions) -> Matrix {
        if *positions == Positions::None {
            return Matrix::default();
        }
        let rows = self.segments[..captured].iter().flat_map(|segment| {
            segment.rows_of(positions.range(segment.sequence, segment.length()))
        });
        values.select(rows.filter_map(|row| self.read.index(row)))
    }
}

/// The residual stream after the last block, of the rows that are read.
pub(crate) struct FinalResidual<'a> {
    /// `[read rows, width]`.
    pub(crate) resid: &'a Matrix,
    pub(crate) read: &'a ReadRows,
}

impl FinalResidual<'_> {
    /// The residual of a row of the batch, which must be read.
    pub(crate) fn row(&self, row: usize) -> &[f32] {
        match self.read.index(row) {
            Some(index) => self.resid.row(index),
            None => unreachable!("a row that is read was computed"),
        }
    }
}

impl ReadRows {
    /// Finds the rows of a batch that are read after the last block: those that are
    /// captured, cached, or whose logits are computed. `segments` are the sequences, then the forks
    /// of the hooks with the indices `forked`; `recorded` says what of each sequence is cached.
    pub(crate) fn after_last_attention(
        pass: &PassContext<'_>,
        segments: &[Segment],
        forked: &[usize],
        recorded: &[Reuse],
    ) -> Self {
        let (own, forks) = segments.split_at(pass.sequences.len());
        let capture = &pass.hooks.capture;
        let scored = capture.token_logps.of(own.len());
        let rows = segments.iter().map(|segment| segment.rows).sum();
        let mut is_read = vec![false; rows];
        let mut mark = |segment: &Segment, first: usize| {
            for location in segment.locations().skip(first) {
                if let KvLocation::Batch { row } = location {
                    is_read[row] = true;
                }
            }
        };
        let last_if_scored = |length: usize| {
            if capture.first_tokens.is_empty() {
                length
            } else {
                length - 1
            }
        };
        for (index, (segment, recorded)) in own.iter().zip(recorded).enumerate() {
            let length = segment.length();
            let captured = [&capture.mlp_out, &capture.resid_final, &capture.logits];
            let captured = captured.map(|positions| positions.range(index, length).start);
            let mut first = captured
                .into_iter()
                .fold(last_if_scored(length), usize::min);
            if index < scored || *recorded != Reuse::Nothing {
                first = 0;
            }
            mark(segment, first);
        }
        for (segment, index) in forks.iter().zip(forked) {
            let length = segment.length();
            let logits = capture.logits.range(segment.sequence, length).start;
            // Before its first changed position a fork equals its sequence.
            let changed = pass.hooks.forks[*index].at.range(length).start;
            mark(segment, logits.max(changed).min(last_if_scored(length)));
        }
        if is_read.iter().all(|read| *read) {
            return Self::default();
        }
        let mut count = 0;
        let index = |read: bool| {
            read.then(|| {
                count += 1;
                count - 1
            })
        };
        Self {
            indices: Some(is_read.into_iter().map(index).collect()),
        }
    }

    /// The index of a row of the batch among the computed rows; `None` if it is not read.
    pub(crate) fn index(&self, row: usize) -> Option<usize> {
        match &self.indices {
            Some(indices) => indices[row],
            None => Some(row),
        }
    }

    /// Drops the rows that are not read.
    pub(crate) fn retain(&self, values: &mut Matrix) {
        let Some(indices) = &self.indices else {
            return;
        };
        let mut count = 0;
        for (row, index) in indices.iter().enumerate() {
            if let Some(index) = index {
                let from = row * values.cols;
                values
                    .data
                    .copy_within(from..from + values.cols, index * values.cols);
                count += 1;
            }
        }
        values.truncate(count);
    }
}
