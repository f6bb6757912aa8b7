//! The lenses that read what a head writes: the unembed lens and trained ones.

use crate::lens::head_at::HeadAt;
use crate::lens::trained::{LensError, TrainedLens};
use hoplens_runtime::{Matrix, Model};

/// A lens: a map from a head's output to scores of tokens.
#[derive(Debug, Clone, Copy)]
pub enum AnyLens<'a> {
    /// The unembed lens: W_U·r_h.
    Unembed,
    /// A trained lens.
    Trained(&'a TrainedLens),
}

impl AnyLens<'_> {
    /// Whether the lens can read a head.
    pub fn covers(self, at: HeadAt) -> bool {
        match self {
            Self::Unembed => true,
            Self::Trained(lens) => lens.covers(at),
        }
    }

    /// Returns the scores for a head that writes nothing; empty if they are all zero.
    ///
    /// # Shapes
    /// → `[vocab]`.
    pub fn bias(&self) -> &[f32] {
        match self {
            Self::Unembed => &[],
            Self::Trained(lens) => lens.bias(),
        }
    }

    /// Returns the tokens' scores for outputs of a head.
    ///
    /// # Shapes
    /// `outputs`: r_h at some positions, `[positions, width]` → `[positions, vocab]`.
    ///
    /// # Errors
    /// [`LensError::NotCovered`].
    pub fn scores(self, model: &Model, at: HeadAt, outputs: &Matrix) -> Result<Matrix, LensError> {
        match self {
            Self::Unembed => Ok(model.unembed(outputs)),
            Self::Trained(lens) => lens.scores(model, at, outputs),
        }
    }
}
