//! The errors of loading and running a model, each with the file, the cause and the remedy.

use std::path::PathBuf;

/// An error of loading or running a model.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// A file could not be opened or read.
    #[error("cannot read {}: {source}. Check that the file exists and may be read.", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The file is not a model, is cut short or is damaged.
    #[error("{} is not a usable model file: {reason}. Fetch it again, or name a .gguf file or a folder with config.json, tokenizer.json and *.safetensors.", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// hoplens does not run the architecture.
    #[error("{} holds a model of architecture '{found}', which hoplens does not run. Supported: {supported}.", path.display())]
    UnknownArchitecture {
        /// The file that names the architecture.
        path: PathBuf,
        /// The architecture in the file.
        found: String,
        /// The architectures that hoplens runs.
        supported: String,
    },
    /// The model is complete, but in a form that hoplens does not read.
    #[error("{} {found}, which hoplens does not read. {remedy}.", path.display())]
    Unsupported {
        /// The file or folder.
        path: PathBuf,
        /// What it holds, as a sentence about it.
        found: String,
        /// What to do instead.
        remedy: String,
    },
    /// A configuration value is missing or impossible.
    #[error("{}: {reason}. The model's configuration is incomplete or not of its architecture; fetch it again.", path.display())]
    Config {
        /// The configuration's file.
        path: PathBuf,
        /// Which value, and why.
        reason: String,
    },
    /// A weight is missing, or its shape does not match the configuration.
    #[error("{}: tensor '{name}' {reason}. The weights do not belong to this configuration, or the file is incomplete; fetch it again.", path.display())]
    Tensor {
        /// The weights' file.
        path: PathBuf,
        /// The tensor's name in that file.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The tokenizer is missing or cannot be used.
    #[error("{}: {reason}. A model needs its own tokenizer: tokenizer.json beside the weights, or the tokenizer.ggml.* entries of a GGUF.", path.display())]
    Tokenizer {
        /// The tokenizer's file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The chat template is broken, or uses features that hoplens does not support.
    #[error("the chat template of {} {reason}. Fix the template, use another version of the model, or write the prompt without roles.", path.display())]
    ChatTemplate {
        /// The file that holds it.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The chat template rejects a conversation.
    #[error("the chat template of {} refuses these messages: {said}. Use roles and an order that this model accepts.", path.display())]
    ChatRefused {
        /// The file that holds it.
        path: PathBuf,
        /// The reason that the template gives.
        said: String,
    },
    /// The prompt is longer than the context.
    #[error(
        "the prompt has {}{tokens} tokens, but {model} reads at most {context}. Shorten the prompt or choose a model with a longer context.", if *at_least { "at least " } else { "" }
    )]
    TooLong {
        /// Tokens of the prompt, BOS and answer included.
        tokens: usize,
        /// Whether only the beginning of the prompt was counted.
        at_least: bool,
        /// The model's context length, in tokens.
        context: usize,
        /// The model's name.
        model: String,
    },
    /// The prompt has no tokens.
    #[error(
        "the prompt is empty: there is no token to predict from. Write something, or put the model's own begin-of-text token before the prompt."
    )]
    EmptyPrompt,
    /// A hook names a layer, head or position that the model or the prompt does not have.
    #[error("{what} {index} does not exist: {model} has {count} ({what}s count from 0)")]
    OutOfRange {
        /// `layer`, `head`, `position`, `token`, `sequence` or `dimension`.
        what: &'static str,
        /// The index that was requested.
        index: usize,
        /// How many there are.
        count: usize,
        /// The model's name.
        model: String,
    },
    /// The logits are not finite.
    #[error(
        "{model} computed logits that are not finite numbers. If there is an injection, it is too strong: lower its τ. If there is none, the weights are damaged: fetch the model again."
    )]
    NotFinite {
        /// The model's name.
        model: String,
    },
    /// The device cannot multiply the linear maps.
    #[error("the device '{device}' cannot be used: {reason}. The CPU works everywhere.")]
    Device {
        /// `cuda` or `metal`.
        device: &'static str,
        /// Why.
        reason: String,
    },
    /// The caller set its cancel flag.
    #[error("cancelled")]
    Cancelled,
    /// candle reported an error.
    #[error("the model's arithmetic failed: {0}")]
    Arithmetic(#[from] candle_core::Error),
}

/// The first line of an error of candle; a backtrace may follow it.
pub(crate) fn first_line(error: &candle_core::Error) -> String {
    error
        .to_string()
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned()
}
