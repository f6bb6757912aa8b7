//! Errors of trained lenses, their text and their training.

use hoplens_runtime::ModelError;

use crate::lens::tensors::DamagedTensors;

/// A lens could not be trained, stored or read.
#[derive(Debug, thiserror::Error)]
pub enum LensError {
    /// The bytes are not a complete lens file of hoplens.
    #[error("this is not a complete lens file: {0}. Train the lens again, or copy the file again.")]
    Damaged(String),
    /// The lens was trained on another model.
    #[error(
        "the lens was trained on {theirs} (sha256 {their_digest}), and this model is {ours} (sha256 {our_digest}). Use that model, or train a lens for this one."
    )]
    OtherModel {
        /// The model that the lens was trained on.
        theirs: String,
        /// Its digest.
        their_digest: String,
        /// The model at hand.
        ours: String,
        /// Its digest.
        our_digest: String,
    },
    /// The lens does not cover this head.
    #[error("the lens has no map for layer {layer}, head {head}. It covers {covered}.")]
    NotCovered {
        /// Layer, from 0.
        layer: usize,
        /// Head, from 0.
        head: usize,
        /// The heads that it covers, in words.
        covered: String,
    },
    /// There is too little text.
    #[error(
        "the text has {sequences} sequences of at least two tokens; {wanted} are needed. Add text, sample more, or shorten the sequences."
    )]
    TooLittleText {
        /// Sequences that there are.
        sequences: usize,
        /// Sequences that are needed.
        wanted: usize,
    },
    /// The checkpoint belongs to another training.
    #[error(
        "the checkpoint was written by a training with a different {what}. Continue that training with its own options, or start again without the checkpoint."
    )]
    OtherTraining {
        /// What differs.
        what: &'static str,
    },
    /// The maps would not fit into memory.
    #[error(
        "training full maps of these layers takes {gigabytes:.1} GB, and at most {most:.1} GB are allowed. Choose fewer layers, or train a compact lens."
    )]
    TooLarge {
        /// What they take.
        gigabytes: f64,
        /// What they may take.
        most: f64,
    },
    /// The loss is not finite.
    #[error("the loss is not finite after step {step}. Lower the learning rate.")]
    Diverged {
        /// The step, from 1.
        step: usize,
    },
    /// The model could not be run.
    #[error(transparent)]
    Model(#[from] ModelError),
}

impl From<DamagedTensors> for LensError {
    fn from(DamagedTensors(reason): DamagedTensors) -> Self {
        Self::Damaged(reason)
    }
}
