//! The lenses that read what a head writes: the unembed lens, trained ones, and the Jacobian lens.

use crate::lens::head_at::HeadAt;
use crate::lens::jacobian::JacobianLens;
use crate::lens::trained::{LensError, TrainedLens};
use hoplens_runtime::{Matrix, Model};

/// A lens: a map from a head's output to scores of tokens.
#[derive(Debug, Clone, Copy)]
pub enum AnyLens<'a> {
    /// The unembed lens: W_U·r_h.
    Unembed,
    /// A trained lens.
    Trained(&'a TrainedLens),
    /// The Jacobian lens of the head's layer, without the final norm's scale and bias, which belong
    /// to no head: W_U·(γ ⊙ J_l·r_h), centred where the norm subtracts the mean.
    Jacobian(&'a JacobianLens),
}

impl AnyLens<'_> {
    /// Whether the lens can read a head.
    pub fn covers(self, at: HeadAt) -> bool {
        match self {
            Self::Unembed | Self::Jacobian(_) => true,
            Self::Trained(lens) => lens.covers(at),
        }
    }

    /// Returns the scores for a head that writes nothing; empty if they are all zero.
    ///
    /// # Shapes
    /// → `[vocab]`.
    pub fn bias(&self) -> &[f32] {
        match self {
            Self::Unembed | Self::Jacobian(_) => &[],
            Self::Trained(lens) => lens.bias(),
        }
    }

    /// Returns the tokens' scores for outputs of a head.
    ///
    /// # Shapes
    /// `outputs`: r_h at some positions, `[positions, width]` → `[positions, vocab]`.
    ///
    /// # Errors
    /// [`LensError::NotCovered`]; a layer that does not exist.
    pub fn scores(self, model: &Model, at: HeadAt, outputs: &Matrix) -> Result<Matrix, LensError> {
        match self {
            Self::Unembed => Ok(model.unembed(outputs)),
            Self::Trained(lens) => lens.scores(model, at, outputs),
            Self::Jacobian(lens) => {
                model.check_layer(at.layer)?;
                let mut moved = lens.apply(at.layer, outputs);
                let width = moved.cols;
                for row in moved.data.chunks_exact_mut(width) {
                    let mean = if model.centres() {
                        row.iter().sum::<f32>() / width as f32
                    } else {
                        0.0
                    };
                    for (value, gain) in row.iter_mut().zip(model.final_gain()) {
                        *value = (*value - mean) * gain;
                    }
                }
                Ok(model.unembed(&moved))
            }
        }
    }
}
