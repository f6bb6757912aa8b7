//! What can be wrong with a memory or with where it should go.

use hoplens_runtime::ModelError;

/// A memory could not be made or placed.
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
    /// The magnitude is not a number.
    #[error("τ = {tau} is not a finite number. Use one such as 1, 6 or -3.")]
    Tau {
        /// What was given.
        tau: f64,
    },
    /// The magnitude makes the vector larger than a number can be.
    #[error("τ = {tau:e} makes the memory's vector overflow. Use a magnitude such as 1, 6 or -3.")]
    Overflow {
        /// What was given.
        tau: f64,
    },
    /// The quoted piece does not stand in the prompt.
    #[error("the prompt does not contain \"{text}\"{occurrence}. Quote a piece of it exactly.")]
    NoSuchSpan {
        /// The quoted text.
        text: String,
        /// ` a second time` and the like; empty for the first occurrence.
        occurrence: String,
    },
    /// There is nothing to export.
    #[error(
        "there is no injection to export. Give --memory, --layer and --tau, or a file with an injection in its front matter."
    )]
    NoInjection,
    /// A control vector acts everywhere.
    #[error(
        "a control vector acts at every position, and this injection at some only. Export it with `--to transformer-lens` or `--to nnsight`, or give `--scope all` to let it act everywhere, which is another injection: look at its effect."
    )]
    ScopeOfControlVector,
    /// A script adds to whole layers, not to one head.
    #[error(
        "an injection into one head cannot be written as a script, which only adds to whole layers. Export it with `--to gguf`, or leave its head out, which is another injection: look at its effect."
    )]
    HeadOfScript,
    /// A control vector begins behind the first block.
    #[error(
        "a control vector of llama.cpp begins behind layer 1, which is too late for an injection at layer 0. Choose layer 1 or later (`hoplens sweep` shows which one does as much), or export it with `--to transformer-lens` or `--to nnsight`."
    )]
    LayerOfControlVector,
    /// No control vector for a model that llama.cpp does not run.
    #[error(
        "llama.cpp does not run {family} models, so a control vector would act on nothing. Export the injection with `--to transformer-lens` or `--to nnsight`."
    )]
    NotInLlamaCpp {
        /// The architecture.
        family: &'static str,
    },
    /// The model refused.
    #[error(transparent)]
    Model(#[from] ModelError),
}
