//! What is read after the last block: logits and the log-probabilities of tokens.

use rayon::prelude::*;

use super::batch::{Place, Segment};
use super::block::Pass;
use super::error::ModelError;
use super::hooks::Cancel;
use super::matrix::Matrix;
use super::runs::Recalled;
use super::score::log_softmax_at;
use super::trace::Trace;
use super::transformer::Transformer;

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

impl Transformer {
    /// Fills in the final residuals, logits and token log-probabilities that the hooks ask for.
    /// `segments` are the sequences and then the forks, in the order of the trace.
    ///
    /// # Errors
    /// [`ModelError::Cancelled`] where `cancel` was set between two products with the head.
    pub(super) fn read_out(
        &self,
        pass: &Pass<'_>,
        sequences: &[&[u32]],
        segments: &[Segment],
        resid: &Matrix,
        trace: &mut Trace,
        cancel: &Cancel,
    ) -> Result<(), ModelError> {
        let capture = &pass.hooks.capture;
        let own = &segments[..sequences.len()];
        let empty = || Matrix {
            cols: resid.cols,
            ..Matrix::default()
        };
        trace.resid_final = empty();
        for segment in own {
            let first = capture.resid_final.range(segment.length()).start;
            trace
                .resid_final
                .append(pass.final_rows(segment, first, resid));
        }
        let mut rows = empty();
        for (index, segment) in segments.iter().enumerate() {
            let range = capture.logits.range(segment.length());
            // Before its first changed position a fork is the sequence that it left.
            let is_fork = index >= sequences.len();
            let first = range.start.max(if is_fork { segment.position } else { 0 });
            rows.append(pass.final_rows(segment, first, resid));
        }
        let logits = rows.rows;
        // The sequence and the token that each row behind those of the logits predicts.
        let mut predicted = Vec::new();
        if capture.token_logps {
            for (index, (segment, tokens)) in own.iter().zip(sequences).enumerate() {
                let recalled = pass.recalled.get(index).and_then(Option::as_ref);
                let known = recalled.map_or(&[][..], Recalled::token_logps);
                let unknown = &tokens[known.len() + 1..];
                let mut before = pass.final_rows(segment, known.len(), resid);
                before.truncate(unknown.len());
                rows.append(before);
                predicted.extend(unknown.iter().map(|token| (index, *token)));
                trace.token_logps.push(known.to_vec());
            }
        }
        trace.logits.cols = self.config.vocab;
        for start in (0..rows.rows).step_by(LOGIT_ROWS) {
            if cancel.is_cancelled() {
                return Err(ModelError::Cancelled);
            }
            let end = rows.rows.min(start + LOGIT_ROWS);
            let found = self.logits(&rows.select(start..end));
            let kept = logits.clamp(start, end) - start;
            let logps: Vec<f32> = (kept..found.rows)
                .into_par_iter()
                .map(|row| {
                    let (_, token) = predicted[start + row - logits];
                    log_softmax_at(found.row(row), token as usize) as f32
                })
                .collect();
            for (row, logp) in (start + kept..end).zip(logps) {
                trace.token_logps[predicted[row - logits].0].push(logp);
            }
            let mut found = found;
            found.truncate(kept);
            trace.logits.append(found);
        }
        Ok(())
    }

    /// The logits of rows of the final residual.
    ///
    /// # Shapes
    /// `resid`: `[rows, width]` → `[rows, vocab]`.
    fn logits(&self, resid: &Matrix) -> Matrix {
        self.head().forward(&self.final_norm.forward(resid))
    }
}
