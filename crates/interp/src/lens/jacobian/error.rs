//! Errors of fitting, storing and reading Jacobian lenses.

use hoplens_runtime::ModelError;

use crate::lens::tensors::DamagedTensors;

/// A Jacobian lens could not be fitted, stored or read.
#[derive(Debug, thiserror::Error)]
pub enum JacobianError {
    /// The bytes are not a complete file of a Jacobian lens.
    #[error(
        "this is not a complete Jacobian lens: {0}. Fit the lens again, or copy the file again."
    )]
    Damaged(String),
    /// The lens belongs to another model.
    #[error(
        "the lens was fitted to {theirs} (sha256 {their_digest}), and this model is {ours} (sha256 {our_digest}). Use that model, or fit a lens to this one."
    )]
    OtherModel {
        /// The model that the lens was fitted to.
        theirs: String,
        /// Its digest.
        their_digest: String,
        /// The model at hand.
        ours: String,
        /// Its digest.
        our_digest: String,
    },
    /// The model has a single block, whose Jacobian is the identity.
    #[error(
        "{model} has one block: its Jacobian lens is the logit lens, so there is nothing to fit."
    )]
    OneBlock {
        /// The model's name.
        model: String,
    },
    /// There is too little text.
    #[error(
        "the text has no sequence of {wanted} tokens or more; the longest one has {longest}. Add longer texts, or allow more tokens in a sequence."
    )]
    TooLittleText {
        /// Tokens of the longest sequence.
        longest: usize,
        /// Tokens that a sequence needs.
        wanted: usize,
    },
    /// The checkpoint belongs to another fit.
    #[error(
        "the checkpoint was written by a fit with a different {what}. Continue that fit with its own options, or start again without the checkpoint."
    )]
    OtherFit {
        /// What differs.
        what: &'static str,
    },
    /// The gradients are not finite.
    #[error(
        "the gradients of layer {layer} are not finite numbers: the model's weights are damaged, or its activations overflow. Fetch the model again, or use another one."
    )]
    NotFinite {
        /// The layer, from 0.
        layer: usize,
    },
    /// The model could not be run.
    #[error(transparent)]
    Model(#[from] ModelError),
}

impl From<DamagedTensors> for JacobianError {
    fn from(DamagedTensors(reason): DamagedTensors) -> Self {
        Self::Damaged(reason)
    }
}
