//! What can be wrong with a data set, a journal or a row.

use std::path::PathBuf;

use hoplens_analysis::AnalysisError;
use hoplens_interp::memory::MemoryError;
use hoplens_runtime::ModelError;

/// An experiment could not be run or put together.
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
    /// The data set as a whole is not what it should be.
    #[error("{}: {reason}", path.display())]
    Data {
        /// The CSV file.
        path: PathBuf,
        /// What is wrong, and the remedy.
        reason: String,
    },
    /// A line of the data set is not what it should be.
    #[error("{}, line {line}: {reason}", path.display())]
    Line {
        /// The CSV file.
        path: PathBuf,
        /// From 1, the header included.
        line: u64,
        /// The column and what is wrong with it, and the remedy.
        reason: String,
    },
    /// A journal belongs to something else, or is damaged.
    #[error("{}: {reason}", path.display())]
    Journal {
        /// The journal.
        path: PathBuf,
        /// What is wrong, and the remedy.
        reason: String,
    },
    /// Not every row is there, or one stands twice.
    #[error("{0}")]
    Incomplete(String),
    /// A list of words could not be used.
    #[error("--memories {name}: {reason}")]
    Words {
        /// The list as it was named.
        name: String,
        /// What is wrong, and the remedy.
        reason: String,
    },
    /// A memory could not be made or placed.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// The answer could not be scored.
    #[error(transparent)]
    Hop(#[from] AnalysisError),
    /// The model refused.
    #[error(transparent)]
    Model(#[from] ModelError),
}

impl EvalError {
    /// A failure of the file system on `path`.
    pub(super) fn file(
        verb: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { verb, path, source }
    }
}
