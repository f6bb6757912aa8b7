//! Why a file cannot be read.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file exists but its text cannot be used. Each message names the path, the cause and the
/// remedy.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ReadError {
    /// The system refused to open or read the file.
    #[error("cannot read {}: {source}. {}", path.display(), remedy(source))]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: Arc<std::io::Error>,
    },
    /// The file is larger than the source allows.
    #[error(
        "cannot read {}: it has more than {} MB. Is this the right file? If it is, make it smaller.",
        path.display(),
        limit >> 20
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Most bytes that are read.
        limit: u64,
    },
    /// The file is not UTF-8.
    #[error("{} is not UTF-8 text (first bad byte at offset {offset}). Save it as UTF-8.", path.display())]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// Byte offset of the first invalid sequence.
        offset: usize,
        /// The text with U+FFFD in the place of each invalid sequence, for readers that show what
        /// can be shown. Its offsets differ from the file's.
        lossy: Arc<str>,
    },
}

impl ReadError {
    /// Wraps a system error about `path`.
    pub fn io(path: &Path, source: std::io::Error) -> Self {
        Self::Io {
            path: path.into(),
            source: Arc::new(source),
        }
    }

    /// Returns the file that cannot be read.
    pub fn path(&self) -> &Path {
        match self {
            Self::Io { path, .. } | Self::TooLarge { path, .. } | Self::NotUtf8 { path, .. } => {
                path
            }
        }
    }
}

fn remedy(source: &std::io::Error) -> &'static str {
    match source.kind() {
        ErrorKind::PermissionDenied => "Check its permissions.",
        _ => "Check the path.",
    }
}
