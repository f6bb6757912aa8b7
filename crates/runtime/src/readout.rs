//! What is read after the last block: logits, scores of first tokens, and the log-probabilities of
//! the prompt's own tokens.

use rayon::prelude::*;

use crate::activation_cache::ActivationCache;
use crate::batch::{KvLocation, Segment};
use crate::error::ModelError;
use crate::hooks::{CancelToken, Capture};
use crate::logits::{FirstTokenScore, log_softmax_at, score_first_tokens};
use crate::matrix::Matrix;
use crate::pass::PassContext;
use crate::read_rows::FinalResidual;
use crate::transformer::Transformer;

/// Rows of logits that are computed at a time. Bounds the memory for the log-probabilities of a
/// long prompt at `64 × vocab` values.
const LOGIT_ROWS: usize = 64;

impl PassContext<'_> {
    /// The residual after the last block, at a segment's positions from `first` on.
    ///
    /// # Shapes
    /// → `[positions, width]`.
    pub(crate) fn final_rows(
        &self,
        segment: &Segment,
        first: usize,
        last: &FinalResidual<'_>,
    ) -> Matrix {
        let cols = last.resid.cols;
        let mut rows = Matrix {
            rows: 0,
            cols,
            data: Vec::with_capacity((segment.length() - first) * cols),
        };
        for location in segment.locations().skip(first) {
            rows.push_row(match location {
                KvLocation::Cached { run, position } => {
                    self.cached_run(run).resid_final.row(position)
                }
                KvLocation::Batch { row } => last.row(row),
            });
        }
        rows
    }
}

/// Log-probabilities of a sequence's first tokens that are known without computing logits.
struct KnownLogps {
    /// The earlier sequence of the batch that has them; `None` takes those of the cached run.
    same_as: Option<usize>,
    /// Their number, from the second token on.
    count: usize,
}

/// The longest run of known log-probabilities of sequence `index`.
fn known_logps(pass: &PassContext<'_>, index: usize) -> KnownLogps {
    let hit = pass.hits.get(index).and_then(Option::as_ref);
    let mut known = KnownLogps {
        same_as: None,
        count: hit.map_or(0, |hit| hit.token_logps().len()),
    };
    for earlier in 0..index {
        let common = pass.sequences[index].shared(&pass.sequences[earlier]);
        if common.saturating_sub(1) > known.count {
            known = KnownLogps {
                same_as: Some(earlier),
                count: common - 1,
            };
        }
    }
    known
}

/// What a row of logits is computed for.
#[derive(Debug, Clone, Copy)]
enum LogitsUse {
    /// The row itself is kept.
    Keep,
    /// The score of the answers' first tokens.
    FirstTokens,
    /// The log-probability of the next token of a sequence.
    NextToken { sequence: usize, token: u32 },
}

/// What was read from a row of logits.
enum LogitsResult {
    /// The row itself is kept.
    Keep,
    FirstTokens(FirstTokenScore),
    NextToken {
        sequence: usize,
        logp: f32,
    },
}

impl LogitsUse {
    fn read(self, logits: &[f32], capture: &Capture) -> LogitsResult {
        match self {
            Self::Keep => LogitsResult::Keep,
            Self::FirstTokens => {
                LogitsResult::FirstTokens(score_first_tokens(logits, &capture.first_tokens))
            }
            Self::NextToken { sequence, token } => LogitsResult::NextToken {
                sequence,
                logp: log_softmax_at(logits, token as usize) as f32,
            },
        }
    }
}

impl Transformer {
    /// Fills in the final residuals, logits, first-token scores and token log-probabilities that
    /// the hooks capture. `segments` are the sequences and then the forks, in the order of the
    /// cache.
    ///
    /// # Errors
    /// [`ModelError::Cancelled`] where `cancel` was set between two products with the output head;
    /// a device failed.
    pub(crate) fn read_out(
        &self,
        pass: &PassContext<'_>,
        segments: &[Segment],
        last: &FinalResidual<'_>,
        cache: &mut ActivationCache,
        cancel: &CancelToken,
    ) -> Result<(), ModelError> {
        let capture = &pass.hooks.capture;
        let own = &segments[..pass.sequences.len()];
        let empty = || Matrix {
            cols: last.resid.cols,
            ..Matrix::default()
        };
        cache.resid_final = empty();
        for segment in own {
            let first = capture
                .resid_final
                .range(segment.sequence, segment.length())
                .start;
            cache
                .resid_final
                .append(&pass.final_rows(segment, first, last));
        }
        let mut rows = empty();
        // The use of each row, in the same order. Rows that are kept come before all others.
        let mut uses = Vec::new();
        for (index, segment) in segments.iter().enumerate() {
            let range = capture.logits.range(segment.sequence, segment.length());
            let fork = index.checked_sub(own.len()).map(|at| &pass.hooks.forks[at]);
            // Before its first changed position a fork equals its sequence.
            let changed = fork.map_or(0, |fork| fork.at.range(segment.length()).start);
            let first = range.start.max(changed);
            rows.append(&pass.final_rows(segment, first, last));
            uses.resize(rows.rows, LogitsUse::Keep);
        }
        if !capture.first_tokens.is_empty() {
            for segment in segments {
                rows.append(&pass.final_rows(segment, segment.length() - 1, last));
                uses.push(LogitsUse::FirstTokens);
            }
        }
        let scored = capture.token_logps.of(own.len());
        let known: Vec<KnownLogps> = (0..scored).map(|index| known_logps(pass, index)).collect();
        for (sequence, (segment, known)) in own.iter().zip(&known).enumerate() {
            let unknown = &pass.sequences[sequence].tokens[known.count + 1..];
            let mut before = pass.final_rows(segment, known.count, last);
            before.truncate(unknown.len());
            rows.append(&before);
            let next_token = |token: &u32| LogitsUse::NextToken {
                sequence,
                token: *token,
            };
            uses.extend(unknown.iter().map(next_token));
        }
        let mut computed_logps = vec![Vec::new(); known.len()];
        cache.logits.cols = self.config.vocab;
        // One matrix for all rounds: allocating fresh memory costs as much as the work done in it.
        let mut logits = Matrix::default();
        for start in (0..rows.rows).step_by(LOGIT_ROWS) {
            if cancel.is_cancelled() {
                return Err(ModelError::Cancelled);
            }
            let end = rows.rows.min(start + LOGIT_ROWS);
            self.logits(&rows.select(start..end), &mut logits)?;
            let read = |(row, wanted): (usize, &LogitsUse)| wanted.read(logits.row(row), capture);
            let results: Vec<LogitsResult> =
                uses[start..end].par_iter().enumerate().map(read).collect();
            let mut kept = 0;
            for result in results {
                match result {
                    LogitsResult::Keep => kept += 1,
                    LogitsResult::FirstTokens(score) => cache.first_token_scores.push(score),
                    LogitsResult::NextToken { sequence, logp } => {
                        computed_logps[sequence].push(logp);
                    }
                }
            }
            logits.truncate(kept);
            cache.logits.append(&logits);
        }
        for (index, (known, computed)) in known.iter().zip(computed_logps).enumerate() {
            let mut logps = if let Some(earlier) = known.same_as {
                cache.token_logps[earlier][..known.count].to_vec()
            } else {
                let hit = pass.hits.get(index).and_then(Option::as_ref);
                hit.map_or(Vec::new(), |hit| hit.token_logps().to_vec())
            };
            logps.extend(computed);
            cache.token_logps.push(logps);
        }
        Ok(())
    }

    /// Computes the logits of rows of the final residual; `logits` takes their shape.
    ///
    /// # Shapes
    /// `resid`: `[rows, width]` → `logits`: `[rows, vocab]`.
    ///
    /// # Errors
    /// A device failed.
    pub(crate) fn logits(&self, resid: &Matrix, logits: &mut Matrix) -> Result<(), ModelError> {
        self.head()
            .forward_into(&self.final_norm.forward(resid), logits)
    }
}
