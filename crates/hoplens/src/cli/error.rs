//! The errors of commands.

use std::path::PathBuf;

use hoplens_analysis::AnalysisError;
use hoplens_eval::EvalError;
use hoplens_ide::documents::DocumentError;
use hoplens_interp::lens::jacobian::JacobianError;
use hoplens_interp::lens::trained::LensError;
use hoplens_interp::memory::MemoryError;
use hoplens_runtime::ModelError;
use hoplens_store::StoreError;
use hoplens_workspace::{ProjectError, ReadError};

/// An error that ends a command with exit code 2.
#[derive(Debug, thiserror::Error)]
pub(super) enum CliError {
    /// A file or folder could not be read.
    #[error("cannot read {}: {source}. Check the path.", path.display())]
    Read {
        path: PathBuf,
        source: std::io::Error,
    },
    /// A result file could not be written.
    #[error("cannot write {}: {source}. Check that the folder exists and may be written to.", path.display())]
    Write {
        path: PathBuf,
        source: std::io::Error,
    },
    /// A prompt file or one of its companions cannot be read.
    #[error(transparent)]
    File(#[from] ReadError),
    /// There are no prompt files in a folder.
    #[error("no prompt files under {}: hoplens reads *.prompt, *.prompty, *.prompt.md, *.agent.md, *.instructions.md, SKILL.md, *.prompt.yml, Markdown with code fences tagged `prompt`, any file that has a sidecar FILE.hoplens.yaml beside it, and what a promptfooconfig.yaml names. Name a file or another folder.", path.display())]
    NoPrompts { path: PathBuf },
    /// A case could not be analysed.
    #[error("{}: {reason}", path.display())]
    Case { path: PathBuf, reason: String },
    /// A flag's value is invalid.
    #[error("{flag}: {reason}")]
    Usage { flag: &'static str, reason: String },
    /// A system call failed.
    #[error("{what}: {source}")]
    System {
        what: &'static str,
        source: std::io::Error,
    },
    #[error("cannot write the result: {0}")]
    Output(#[from] std::io::Error),
    /// The project's settings cannot be used.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// A lock file cannot be used.
    #[error("{}: {reason}", path.display())]
    Lock { path: PathBuf, reason: String },
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error(transparent)]
    Memory(#[from] MemoryError),
    #[error(transparent)]
    Hop(#[from] AnalysisError),
    #[error(transparent)]
    Eval(#[from] EvalError),
    #[error(transparent)]
    Lens(#[from] LensError),
    #[error(transparent)]
    Jacobian(#[from] JacobianError),
    #[error(transparent)]
    Document(#[from] DocumentError),
}

impl CliError {
    /// Returns the flags that solve the problem, if the error itself does not name them: the
    /// libraries below the command line know no flags.
    fn flags(&self) -> Option<&'static str> {
        match self {
            Self::Memory(error) => match error {
                MemoryError::NoInjection => Some(
                    "give --memory, --layer and --tau, or a file with an injection in its front \
                     matter",
                ),
                MemoryError::ScopeOfControlVector => {
                    Some("give --to transformer-lens or --to nnsight for a script, or --scope all")
                }
                MemoryError::HeadOfScript => Some("give --to gguf for a control vector"),
                MemoryError::LayerOfControlVector => Some(
                    "give --layer 1 or later (`hoplens sweep` shows which layer does as much), or \
                     --to transformer-lens or --to nnsight for a script",
                ),
                MemoryError::NotInLlamaCpp { .. } => {
                    Some("give --to transformer-lens or --to nnsight for a script")
                }
                _ => None,
            },
            Self::Lens(LensError::OtherTraining { .. })
            | Self::Jacobian(JacobianError::OtherFit { .. }) => {
                Some("give the same flags as before, or --restart")
            }
            Self::Jacobian(JacobianError::TooLittleText { .. }) => {
                Some("give longer files with --text, or a higher --tokens")
            }
            Self::Lens(LensError::Diverged { .. }) => Some("give a lower --rate"),
            Self::Eval(EvalError::ForeignFile { .. }) => Some("give another --out"),
            Self::Store(StoreError::Offline { .. }) => Some("leave out --offline, or give --model"),
            Self::Store(StoreError::Pip { .. }) => Some("give the path with --model"),
            _ => match self.model_error()? {
                ModelError::EmptyPrompt => Some("give --bos always to put it there"),
                ModelError::Device { .. } => Some("give --device cpu"),
                _ => None,
            },
        }
    }

    /// Returns the model's error that this one wraps.
    fn model_error(&self) -> Option<&ModelError> {
        match self {
            Self::Model(error)
            | Self::Hop(
                AnalysisError::Model(error) | AnalysisError::Memory(MemoryError::Model(error)),
            )
            | Self::Memory(MemoryError::Model(error))
            | Self::Eval(EvalError::Model(error))
            | Self::Lens(LensError::Model(error))
            | Self::Jacobian(JacobianError::Model(error))
            | Self::Document(DocumentError::Model(error)) => Some(error),
            _ => None,
        }
    }
}

impl CliError {
    /// Returns the error for a value of `flag` that cannot be used.
    pub(super) fn usage(flag: &'static str, reason: impl Into<String>) -> Self {
        Self::Usage {
            flag,
            reason: reason.into(),
        }
    }
}

/// Prints an error to standard error.
pub(super) fn print(error: &CliError) {
    use std::io::Write;
    let style = anstyle::Style::new()
        .bold()
        .fg_color(Some(anstyle::AnsiColor::Red.into()));
    // A failure to write to standard error cannot be reported.
    let err = &mut anstream::stderr().lock();
    let _ = writeln!(err, "{style}error{style:#}: {error}");
    if let Some(flags) = error.flags() {
        let _ = writeln!(err, "{}help{0:#}: {flags}", anstyle::Style::new().bold());
    }
}
