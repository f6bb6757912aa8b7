//! Errors of memories and injections.

use hoplens_runtime::ModelError;

/// A memory could not be encoded, injected or exported.
#[derive(Debug, thiserror::Error)]
pub enum MemoryError {
    /// The text has no tokens.
    #[error(
        "the memory \"{text}\" has no tokens for this model. Give it at least one character that the tokenizer knows."
    )]
    NoTokens {
        /// The memory's text.
        text: String,
    },
    /// The accepted answer has no tokens.
    #[error(
        "the expected answer \"{text}\" has no tokens for this model. Give it at least one character that the tokenizer knows."
    )]
    NoAnswer {
        /// The answer's text.
        text: String,
    },
    /// The magnitude is not finite.
    #[error("τ = {tau} is not a finite number. Use one such as 1, 6 or -3.")]
    Tau {
        /// What was given.
        tau: f64,
    },
    /// The magnitude makes the vector overflow.
    #[error("τ = {tau:e} makes the memory's vector overflow. Use a magnitude such as 1, 6 or -3.")]
    Overflow {
        /// What was given.
        tau: f64,
    },
    /// The prompt does not contain the quoted words.
    #[error(
        "the prompt does not contain \"{text}\"{occurrence}. Quote words of the prompt exactly."
    )]
    NoSuchSpan {
        /// The quoted text.
        text: String,
        /// ` 2 times` and so on; empty for the first occurrence.
        occurrence: String,
    },
    /// There is nothing to export.
    #[error("there is no injection to export.")]
    NoInjection,
    /// A control vector acts at every position.
    #[error(
        "a control vector acts at every position, and this injection only at some. Export it as a script, or with scope `all`, which is a different injection: measure its effect."
    )]
    ScopeOfControlVector,
    /// A script adds to whole layers, not to one head.
    #[error(
        "a script adds to whole layers, and this injection is for one head. Export it as a control vector, or without its head, which is a different injection: measure its effect."
    )]
    HeadOfScript,
    /// A control vector cannot act in the first block.
    #[error(
        "a control vector of llama.cpp acts after layer 1 at the earliest, which is too late for an injection at layer 0. Choose layer 1 or later, or export the injection as a script."
    )]
    LayerOfControlVector,
    /// llama.cpp does not run models of this architecture.
    #[error(
        "llama.cpp does not run {family} models, so a control vector for them has no use. Export the injection as a script."
    )]
    NotInLlamaCpp {
        /// The architecture.
        family: &'static str,
    },
    /// The model could not be run.
    #[error(transparent)]
    Model(#[from] ModelError),
}
