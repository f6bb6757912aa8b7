//! The flags of `hoplens export`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::ValueEnum;
use serde::Serialize;

use crate::cli::error::CliError;
use crate::cli::grid::{EncodingArg, ScopeArg, scopes};
use hoplens_injection::Scope;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ExportArgs {
    /// A prompt file whose recorded injections are exported; or give --memory instead.
    #[arg(
        conflicts_with_all = ["memory", "layer", "tau", "prompt", "expect"],
        required_unless_present = "memory"
    )]
    pub(super) file: Option<PathBuf>,
    /// The case of the file, by its id or as #1, #2, …; needed if several cases have injections.
    /// The id of a matrix selects its first row if all rows have the same injections.
    // The conflict is declared on both sides, because clap does not require a file if one would
    // conflict.
    #[arg(long, requires = "file", conflicts_with = "memory", value_name = "ID")]
    pub(super) case: Option<String>,
    /// Only the case's K-th injection, from 1; by default all of them.
    #[arg(long, requires = "file", conflicts_with = "memory", value_name = "K")]
    pub(super) injection: Option<usize>,
    /// The memory's text.
    #[arg(long, requires_all = ["layer", "tau"])]
    pub(super) memory: Option<String>,
    /// Encoding of the memory.
    #[arg(long, value_enum, default_value = "embed", conflicts_with = "file")]
    pub(super) encoding: EncodingArg,
    /// Layer from 0.
    #[arg(long, requires = "memory")]
    pub(super) layer: Option<usize>,
    /// Magnitude; negative suppresses.
    #[arg(long, requires = "memory", allow_hyphen_values = true)]
    pub(super) tau: Option<f64>,
    /// Positions that are changed (all by default); with a file, replaces the file's scope.
    #[arg(long, value_enum)]
    pub(super) scope: Option<ScopeArg>,
    /// The part of the prompt for scope `span`.
    #[arg(long, value_name = "TEXT")]
    pub(super) span: Option<String>,
    /// Which occurrence of it, from 1.
    #[arg(long, value_name = "N", default_value = "1", requires = "span")]
    pub(super) nth: NonZeroUsize,
    /// Restrict the memory to what this head (from 0) of the layer can write.
    #[arg(long, value_name = "H", requires = "memory", conflicts_with = "file")]
    pub(super) head: Option<usize>,
    /// The prompt on which a control vector is compared with the injection; a script runs it.
    #[arg(long, short)]
    pub(super) prompt: Option<String>,
    /// The expected answer; can be given several times.
    #[arg(long, short, requires = "prompt")]
    pub(super) expect: Vec<String>,
    /// What to write: a control vector for llama.cpp, or a Python script.
    #[arg(long, value_enum)]
    pub(super) to: Target,
    /// The file to write; by default a script goes to standard output.
    #[arg(long, short, value_name = "PATH")]
    pub(super) out: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Target {
    /// A control vector for llama.cpp (`--control-vector`).
    Gguf,
    /// A Python script for TransformerLens.
    TransformerLens,
    /// A Python script for nnsight.
    Nnsight,
}

impl ExportArgs {
    /// Returns the positions that the flags name, if any.
    pub(super) fn scope(&self) -> Result<Option<Scope>, CliError> {
        let scopes = scopes(self.scope.as_slice(), self.span.as_deref(), self.nth.get())?;
        Ok(scopes.into_iter().next())
    }
}
