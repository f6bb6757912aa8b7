//! What a removal took away.

use std::path::PathBuf;

use serde::Serialize;

/// What a removal took away.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RemovalReport {
    /// Files and folders that are gone.
    pub paths: Vec<PathBuf>,
    /// Bytes that became free.
    pub freed: u64,
}
