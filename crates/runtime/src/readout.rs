//! What is read after the last block: logits and the log-probabilities of tokens.

use rayon::prelude::*;

use crate::batch::{Place, Segment};
use crate::block::Pass;
use crate::error::ModelError;
use crate::hooks::{Cancel, Capture};
use crate::matrix::Matrix;
use crate::runs::Recalled;
use crate::score::{Reading, log_softmax_at, read};
use crate::trace::Trace;
use crate::transformer::Transformer;

/// Rows of logits computed at a time where only log-probabilities are kept: bounds the memory of
/// a long prompt at `64 × vocab` values.
const LOGIT_ROWS: usize = 64;

impl Recalled {
    /// The log-probabilities of the tokens from the second one on, as far as they are shared and
    /// known.
    pub(super) fn token_logps(&self) -> &[f32] {
        let known = self.run.token_logps.len();
        &self.run.token_logps[..known.min(self.shared.saturating_sub(1))]
    }
}

impl Pass<'_> {
    /// The residual after the last block, of a segment's positions from `first` on.
    ///
    /// # Shapes
    /// `resid`: `[rows, width]` → `[positions, width]`.
    pub(super) fn final_rows(&self, segment: &Segment, first: usize, resid: &Matrix) -> Matrix {
        let mut rows = Matrix {
            rows: 0,
            cols: resid.cols,
            data: Vec::with_capacity((segment.length() - first) * resid.cols),
        };
        for place in segment.places().skip(first) {
            rows.push_row(match place {
                Place::Run { run, position } => self.run(run).resid_final.row(position),
                Place::Batch { row } => resid.row(row),
            });
        }
        rows
    }
}

/// Log-probabilities of a sequence's first tokens that need not be computed.
struct Beginning {
    /// The earlier sequence of the batch that has them; a recalled run where there is none.
    like: Option<usize>,
    /// How many, from the second token on.
    count: usize,
}

fn known(pass: &Pass<'_>, index: usize) -> Beginning {
    let recalled = pass.recalled.get(index).and_then(Option::as_ref);
    let mut begin = Beginning {
        like: None,
        count: recalled.map_or(0, |recalled| recalled.token_logps().len()),
    };
    for earlier in 0..index {
        let common = pass.sequences[index].shared(&pass.sequences[earlier]);
        if common.saturating_sub(1) > begin.count {
            begin = Beginning {
                like: Some(earlier),
                count: common - 1,
            };
        }
    }
    begin
}

/// What is wanted of a row of logits.
#[derive(Debug, Clone, Copy)]
enum Want {
    /// All of it.
    Logits,
    /// What it says of the answers' first tokens.
    Reading,
    /// The log-probability of a sequence's next token.
    Logp(usize, u32),
}

/// What a row of logits said.
enum Found {
    /// The row is kept.
    Logits,
    Reading(Reading),
    Logp(usize, f32),
}

impl Want {
    fn read(self, logits: &[f32], capture: &Capture) -> Found {
        match self {
            Self::Logits => Found::Logits,
            Self::Reading => Found::Reading(read(logits, &capture.first_tokens)),
            Self::Logp(sequence, token) => {
                Found::Logp(sequence, log_softmax_at(logits, token as usize) as f32)
            }
        }
    }
}

impl Transformer {
    /// Fills in the final residuals, logits, readings of first tokens and token log-probabilities that the hooks ask for.
    /// `segments` are the sequences and then the forks, in the order of the trace.
    ///
    /// # Errors
    /// [`ModelError::Cancelled`] where `cancel` was set between two products with the head; a
    /// device refused.
    pub(super) fn read_out(
        &self,
        pass: &Pass<'_>,
        segments: &[Segment],
        resid: &Matrix,
        trace: &mut Trace,
        cancel: &Cancel,
    ) -> Result<(), ModelError> {
        let capture = &pass.hooks.capture;
        let own = &segments[..pass.sequences.len()];
        let empty = || Matrix {
            cols: resid.cols,
            ..Matrix::default()
        };
        trace.resid_final = empty();
        for segment in own {
            let first = capture
                .resid_final
                .range(segment.sequence, segment.length())
                .start;
            trace
                .resid_final
                .append(&pass.final_rows(segment, first, resid));
        }
        let mut rows = empty();
        // What is wanted of each row, in the same order.
        let mut wants = Vec::new();
        for (index, segment) in segments.iter().enumerate() {
            let range = capture.logits.range(segment.sequence, segment.length());
            // Before its first changed position a fork is the sequence that it left.
            let is_fork = index >= pass.sequences.len();
            let first = range.start.max(if is_fork { segment.position } else { 0 });
            rows.append(&pass.final_rows(segment, first, resid));
            wants.resize(rows.rows, Want::Logits);
        }
        if !capture.first_tokens.is_empty() {
            for segment in segments {
                rows.append(&pass.final_rows(segment, segment.length() - 1, resid));
                wants.push(Want::Reading);
            }
        }
        let wanted = capture.token_logps.of(own.len());
        let beginnings: Vec<Beginning> = (0..wanted).map(|index| known(pass, index)).collect();
        for (sequence, (segment, begin)) in own.iter().zip(&beginnings).enumerate() {
            let unknown = &pass.sequences[sequence].tokens[begin.count + 1..];
            let mut before = pass.final_rows(segment, begin.count, resid);
            before.truncate(unknown.len());
            rows.append(&before);
            let predicted = |token: &u32| Want::Logp(sequence, *token);
            wants.extend(unknown.iter().map(predicted));
        }
        let mut found_logps = vec![Vec::new(); beginnings.len()];
        trace.logits.cols = self.config.vocab;
        // One matrix for all rounds: fresh memory costs as much as what is computed in it.
        let mut found = Matrix::default();
        for start in (0..rows.rows).step_by(LOGIT_ROWS) {
            if cancel.is_cancelled() {
                return Err(ModelError::Cancelled);
            }
            let end = rows.rows.min(start + LOGIT_ROWS);
            self.logits(&rows.select(start..end), &mut found)?;
            let read = |(row, want): (usize, &Want)| want.read(found.row(row), capture);
            let round: Vec<Found> = wants[start..end].par_iter().enumerate().map(read).collect();
            let mut kept = 0;
            for read in round {
                match read {
                    Found::Logits => kept += 1,
                    Found::Reading(reading) => trace.readings.push(reading),
                    Found::Logp(sequence, logp) => found_logps[sequence].push(logp),
                }
            }
            // Rows that are kept whole stand before all others.
            found.truncate(kept);
            trace.logits.append(&found);
        }
        for (index, (begin, found)) in beginnings.iter().zip(found_logps).enumerate() {
            let mut logps = if let Some(earlier) = begin.like {
                trace.token_logps[earlier][..begin.count].to_vec()
            } else {
                let recalled = pass.recalled.get(index).and_then(Option::as_ref);
                recalled.map_or(Vec::new(), |recalled| recalled.token_logps().to_vec())
            };
            logps.extend(found);
            trace.token_logps.push(logps);
        }
        Ok(())
    }

    /// The logits of rows of the final residual, into a matrix that takes their shape.
    ///
    /// # Shapes
    /// `resid`: `[rows, width]` → `logits`: `[rows, vocab]`.
    ///
    /// # Errors
    /// A device refused.
    pub(super) fn logits(&self, resid: &Matrix, logits: &mut Matrix) -> Result<(), ModelError> {
        self.head()
            .forward_into(&self.final_norm.forward(resid), logits)
    }
}
