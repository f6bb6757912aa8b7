//! What can go wrong with a model, each with the file, the cause and the remedy.

use std::path::PathBuf;

/// A model could not be read or run.
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
    /// The architecture is none that hoplens runs.
    #[error("{} holds a model of architecture '{found}', which hoplens does not run. Supported: {supported}.", path.display())]
    UnknownArchitecture {
        /// The file that names the architecture.
        path: PathBuf,
        /// What it says.
        found: String,
        /// What hoplens runs.
        supported: String,
    },
    /// The model is whole, but of a kind that hoplens does not read.
    #[error("{} {found}, which hoplens does not read. {remedy}.", path.display())]
    Unsupported {
        /// The file or folder.
        path: PathBuf,
        /// What it holds, as a sentence about it.
        found: String,
        /// What to do instead.
        remedy: String,
    },
    /// A configuration value is missing or makes no sense.
    #[error("{}: {reason}. The model's configuration is incomplete or not of its architecture; fetch it again.", path.display())]
    Config {
        /// The configuration's file.
        path: PathBuf,
        /// Which value, and why.
        reason: String,
    },
    /// A weight is missing or has another shape than the configuration asks for.
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
    /// The chat template is broken, or uses what hoplens does not know.
    #[error("the chat template of {} {reason}. Mend it, take another version of the model, or write the prompt without roles.", path.display())]
    ChatTemplate {
        /// The file that holds it.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The chat template refuses a conversation.
    #[error("the chat template of {} refuses these messages: {said}. Give them the roles, and the order, that this model knows.", path.display())]
    ChatRefused {
        /// The file that holds it.
        path: PathBuf,
        /// What the template said.
        said: String,
    },
    /// The prompt does not fit.
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
    /// Nothing to run the model on.
    #[error(
        "the prompt is empty: there is no token to predict from. Write something, or use `--bos always` to start from the model's own begin-of-text token."
    )]
    EmptyPrompt,
    /// A hook names a layer, head or position that the model or the prompt does not have.
    #[error("{what} {index} does not exist: {model} has {count} ({what}s count from 0)")]
    OutOfRange {
        /// `layer`, `head` or `position`.
        what: &'static str,
        /// What was asked for.
        index: usize,
        /// How many there are.
        count: usize,
        /// The model's name.
        model: String,
    },
    /// The logits are no numbers.
    #[error(
        "{model} computed logits that are not finite numbers. If there is an injection, it is too strong: lower its τ. If there is none, the weights are damaged: fetch the model again."
    )]
    NotFinite {
        /// The model's name.
        model: String,
    },
    /// The linear maps cannot be multiplied where they should be.
    #[error("the device '{device}' cannot be used: {reason}. `--device cpu` works everywhere.")]
    Device {
        /// `cuda` or `metal`.
        device: &'static str,
        /// Why.
        reason: String,
    },
    /// The caller's cancel token was set.
    #[error("cancelled")]
    Cancelled,
    /// The arithmetic library refused.
    #[error("the model's arithmetic failed: {0}")]
    Arithmetic(#[from] candle_core::Error),
}

/// candle's errors carry a backtrace below their first line.
pub(crate) fn first_line(error: &candle_core::Error) -> String {
    error
        .to_string()
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned()
}
