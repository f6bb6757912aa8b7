//! What can be wrong with a trained lens, its text or its training.

use hoplens_runtime::ModelError;

/// A lens could not be trained, stored or read.
#[derive(Debug, thiserror::Error)]
pub enum LensError {
    /// The bytes are not a lens that hoplens wrote.
    #[error("this is no whole lens file: {0}. Train it anew, or fetch it again.")]
    Damaged(String),
    /// The lens was trained on another model.
    #[error(
        "the lens was trained on {theirs} (sha256 {their_digest}), and this model is {ours} (sha256 {our_digest}). Name that model, or train a lens for this one."
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
        "the text has {sequences} sequences of at least two tokens, and training wants {wanted}. Add text, sample more, or shorten the sequences."
    )]
    TooLittleText {
        /// Sequences that there are.
        sequences: usize,
        /// Sequences that are needed.
        wanted: usize,
    },
    /// The checkpoint belongs to another training.
    #[error(
        "the checkpoint was written by a training with another {what}. Repeat that one's flags, or begin anew with --restart."
    )]
    OtherTraining {
        /// What differs.
        what: &'static str,
    },
    /// The maps would not fit into memory.
    #[error(
        "full maps of these layers and what trains them take {gigabytes:.1} GB, more than {most:.1} GB. Name fewer layers, or train a compact lens."
    )]
    TooLarge {
        /// What they take.
        gigabytes: f64,
        /// What they may take.
        most: f64,
    },
    /// The loss is no longer a number.
    #[error("the loss is not finite after step {step}. Lower --rate.")]
    Diverged {
        /// The step, from 1.
        step: usize,
    },
    /// The model could not be run.
    #[error(transparent)]
    Model(#[from] ModelError),
}
