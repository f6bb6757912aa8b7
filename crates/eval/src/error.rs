//! Errors of data sets, journals and experiments.

use std::path::PathBuf;

use hoplens_analysis::AnalysisError;
use hoplens_interp::memory::MemoryError;
use hoplens_runtime::ModelError;

/// An experiment could not be run, merged or summarised.
#[derive(Debug, thiserror::Error)]
pub enum EvalError {
    /// A file could not be read or written.
    #[error("cannot {verb} {}: {source}. Check the path, its permissions and the space left.", path.display())]
    File {
        /// `read`, `write`, …
        verb: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The data set as a whole cannot be used.
    #[error("{}: {reason}", path.display())]
    Data {
        /// The CSV file.
        path: PathBuf,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// A line of the data set cannot be used.
    #[error("{}, line {line}: {reason}", path.display())]
    Line {
        /// The CSV file.
        path: PathBuf,
        /// From 1, the header included.
        line: u64,
        /// What is wrong with which column, and what to do.
        reason: String,
    },
    /// A file belongs to something else: another run, or no run at all.
    #[error("{}: {reason}", path.display())]
    ForeignFile {
        /// The journal.
        path: PathBuf,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// A journal is damaged, or of another version or experiment.
    #[error("{}: {reason}", path.display())]
    Journal {
        /// The journal.
        path: PathBuf,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// A row is missing, or occurs twice.
    #[error("{0}")]
    Incomplete(String),
    /// A list of words could not be used.
    #[error("memory list '{name}': {reason}")]
    Words {
        /// The list's name, or the file's path.
        name: String,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// A memory could not be encoded or injected.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// The answer could not be scored.
    #[error(transparent)]
    Hop(#[from] AnalysisError),
    /// The model could not be run.
    #[error(transparent)]
    Model(#[from] ModelError),
}

impl EvalError {
    /// Returns a conversion of I/O errors on `path`.
    pub(super) fn file(
        verb: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { verb, path, source }
    }
}
