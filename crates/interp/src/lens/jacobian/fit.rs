//! Fitting a Jacobian lens, a group of rows at a time.

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use serde::{Deserialize, Serialize};

use crate::context::ModelContext;
use crate::lens::jacobian::about::{JacobianAbout, JacobianSource};
use crate::lens::jacobian::error::JacobianError;
use crate::lens::jacobian::jacobian_lens::JacobianLens;
use crate::lens::tensors::{TensorReader, TensorWriter};
use crate::lens::text::{LensText, TextSource};
use hoplens_runtime::{Matrix, Model, ModelInfo};

/// The first position of a sequence that counts: those before it are attention sinks, whose
/// gradients are unlike all others.
pub const FIRST_POSITION: usize = 16;

/// Tokens that a sequence needs: the last one does not count either, because nothing is predicted
/// from it.
pub const MIN_TOKENS: usize = 2 * FIRST_POSITION;

/// The rank that lenses are truncated to unless another one is asked for: of those that were
/// measured, the lowest one whose read-outs name other bridges no more often than the whole
/// matrices do (`docs/jacobian-lens.md`).
pub const DEFAULT_RANK: usize = 256;

/// The metadata key that marks a checkpoint.
const CHECKPOINT: &str = "hoplens Jacobian lens checkpoint";

/// A fit of a Jacobian lens, step by step.
#[derive(Debug)]
pub struct JacobianFit<'a> {
    model: &'a Model,
    text: LensText,
    about: FitAbout,
    progress: FitProgress,
    /// For each layer but the last one, the sum of the Jacobians of the sequences: `[width,
    /// width]`.
    sums: Vec<Matrix>,
}

/// What makes two fits equal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct FitAbout {
    model: ModelInfo,
    source: JacobianSource,
}

/// What is done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct FitProgress {
    /// Sequences that are complete.
    sequences: usize,
    /// Rows of the next sequence's Jacobians that are done.
    rows: usize,
}

/// The metadata of a checkpoint.
#[derive(Serialize, Deserialize)]
struct CheckpointAbout {
    about: FitAbout,
    progress: FitProgress,
}

impl<'a> JacobianFit<'a> {
    /// Begins a fit on at most `count` sequences of `text`: those that are long enough, chosen by
    /// the seed if the text is the user's.
    ///
    /// # Errors
    /// [`JacobianError::TooLittleText`]; [`JacobianError::OneBlock`].
    pub fn new(
        model: &'a Model,
        text: LensText,
        count: usize,
        seed: u64,
    ) -> Result<Self, JacobianError> {
        let blocks = model.info.layers - 1;
        if blocks == 0 {
            return Err(JacobianError::OneBlock {
                model: model.info.name.clone(),
            });
        }
        let text = choose(text, count, seed)?;
        let width = model.info.width;
        Ok(Self {
            model,
            about: FitAbout {
                model: model.info.clone(),
                source: JacobianSource::Fitted {
                    text: text.about(),
                    seed,
                    first_position: FIRST_POSITION,
                },
            },
            text,
            progress: FitProgress::default(),
            sums: vec![Matrix::zeros(width, width); blocks],
        })
    }

    /// Continues from a checkpoint of the same fit.
    ///
    /// # Errors
    /// The checkpoint is damaged, or belongs to another fit.
    pub fn resume(mut self, checkpoint: &[u8]) -> Result<Self, JacobianError> {
        let reader = TensorReader::new(checkpoint, CHECKPOINT)?;
        let kept: CheckpointAbout = reader.about()?;
        let differs = |what| Err(JacobianError::OtherFit { what });
        if kept.about.model.sha256 != self.about.model.sha256 {
            return differs("model");
        }
        if kept.about.source != self.about.source {
            return differs("text");
        }
        let width = self.model.info.width;
        let FitProgress { sequences, rows } = kept.progress;
        if sequences > self.text.sequences.len() || rows >= width {
            return Err(JacobianError::Damaged(format!(
                "row {rows} of sequence {sequences} does not exist"
            )));
        }
        self.sums = reader.matrices("sums", [self.sums.len(), width, width])?;
        self.progress = kept.progress;
        Ok(self)
    }

    /// Returns a checkpoint, as the bytes of a file.
    ///
    /// # Errors
    /// [`JacobianError::Damaged`] if the values cannot be serialized.
    pub fn checkpoint(&self) -> Result<Vec<u8>, JacobianError> {
        let mut tensors = TensorWriter::default();
        let width = self.model.info.width;
        let sums: Vec<f32> = self
            .sums
            .iter()
            .flat_map(|sum| &sum.data)
            .copied()
            .collect();
        tensors.push("sums", &[self.sums.len(), width, width], &sums);
        let kept = CheckpointAbout {
            about: self.about.clone(),
            progress: self.progress,
        };
        Ok(tensors.bytes(CHECKPOINT, &kept)?)
    }

    /// Whether all sequences are complete.
    pub fn is_done(&self) -> bool {
        self.progress.sequences == self.text.sequences.len()
    }

    /// The sequences that are complete, and all of them.
    pub fn sequences(&self) -> (usize, usize) {
        (self.progress.sequences, self.text.sequences.len())
    }

    /// The share of the fit that is done, from 0 to 1.
    pub fn share(&self) -> f64 {
        let rows = self.progress.rows as f64 / self.model.info.width as f64;
        (self.progress.sequences as f64 + rows) / self.text.sequences.len() as f64
    }

    /// Adds the next rows: of a small model all those of one sequence, of a larger one as many as
    /// fit into memory. `progress` receives the share of the fit that is done.
    ///
    /// # Errors
    /// As [`Model::forward`]; what earlier steps added is kept.
    pub fn step(
        &mut self,
        context: ModelContext<'_>,
        progress: &mut (dyn FnMut(f64) + Send),
    ) -> Result<(), JacobianError> {
        let Some(tokens) = self.text.sequences.get(self.progress.sequences) else {
            return Ok(());
        };
        let (model, cancel) = (self.model, context.cancel);
        let positions = FIRST_POSITION..tokens.len() - 1;
        let trace = model.trace_jacobians(tokens, positions, cancel)?;
        let width = model.info.width;
        let first = self.progress.rows;
        let rows = first..width.min(first + trace.rows_at_once());
        let (blocks, sequences) = (self.sums.len() as f64, self.text.sequences.len() as f64);
        let begun = self.share();
        let share = rows.len() as f64 / width as f64 / sequences;
        let jacobians = trace.rows(rows.clone(), cancel, &mut |done| {
            progress(begun + share * done as f64 / blocks);
        })?;
        for (sum, jacobian) in self.sums.iter_mut().zip(&jacobians) {
            let target = &mut sum.data[rows.start * width..rows.end * width];
            for (sum, value) in target.iter_mut().zip(&jacobian.data) {
                *sum += value;
            }
        }
        self.progress.rows = rows.end;
        if rows.end == width {
            self.progress.rows = 0;
            self.progress.sequences += 1;
        }
        Ok(())
    }

    /// Returns the lens, truncated to a rank: the mean over the sequences so far.
    ///
    /// # Errors
    /// [`JacobianError::NotFinite`].
    pub fn lens(&self, rank: usize) -> Result<JacobianLens, JacobianError> {
        let means: Vec<Matrix> = self.sums.iter().map(|sum| self.mean(sum)).collect();
        let is_finite = |mean: &Matrix| mean.data.iter().all(|value| value.is_finite());
        if let Some(layer) = means.iter().position(|mean| !is_finite(mean)) {
            return Err(JacobianError::NotFinite { layer });
        }
        let about = JacobianAbout {
            hoplens: env!("CARGO_PKG_VERSION").into(),
            model: self.about.model.clone(),
            rank: rank.clamp(1, self.model.info.width),
            source: self.about.source.clone(),
        };
        JacobianLens::new(about, &means)
    }

    fn mean(&self, sum: &Matrix) -> Matrix {
        let mut mean = sum.clone();
        for row in 0..mean.rows {
            let partial = usize::from(row < self.progress.rows);
            let count = (self.progress.sequences + partial).max(1) as f32;
            for value in mean.row_mut(row) {
                *value /= count;
            }
        }
        mean
    }
}

/// Keeps at most `count` sequences that are long enough.
fn choose(mut text: LensText, count: usize, seed: u64) -> Result<LensText, JacobianError> {
    let longest = text.sequences.iter().map(Vec::len).max().unwrap_or(0);
    text.sequences.retain(|tokens| tokens.len() >= MIN_TOKENS);
    if text.source == TextSource::Files {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        for at in (1..text.sequences.len()).rev() {
            text.sequences.swap(at, random.random_range(0..=at));
        }
    }
    text.sequences.truncate(count);
    if text.sequences.is_empty() {
        return Err(JacobianError::TooLittleText {
            longest,
            wanted: MIN_TOKENS,
        });
    }
    Ok(text)
}
