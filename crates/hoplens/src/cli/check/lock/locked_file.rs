//! The entry of one file in a lock file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The measurements of one file.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::cli::check::lock) struct LockedFile {
    /// The cases that expect an answer, by id.
    pub(in crate::cli::check::lock) cases: BTreeMap<String, LockedCase>,
    /// How many warnings and errors there are apart from verdicts, by code.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(in crate::cli::check::lock) findings: BTreeMap<String, usize>,
}

/// The measurements of one case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::cli::check::lock) struct LockedCase {
    pub(in crate::cli::check::lock) p: f64,
    pub(in crate::cli::check::lock) rank: usize,
    pub(in crate::cli::check::lock) verdict: String,
    /// Digest of the rendered prompt.
    pub(in crate::cli::check::lock) prompt: String,
}
