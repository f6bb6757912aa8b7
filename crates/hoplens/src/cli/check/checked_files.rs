//! The content of a check's report.

use crate::cli::check::lock::Comparison;
use hoplens_ide::{Diagnostic, Snapshot};
use hoplens_runtime::ModelInfo;

/// The content of a report.
pub(in crate::cli::check) struct CheckedFiles<'a> {
    pub(in crate::cli::check) model: &'a ModelInfo,
    pub(in crate::cli::check) snapshots: &'a [Snapshot],
    /// The findings of each snapshot.
    pub(in crate::cli::check) found: &'a [Vec<Diagnostic>],
    pub(in crate::cli::check) compared: Option<&'a Comparison>,
    /// How many files could not be read.
    pub(in crate::cli::check) refused: usize,
}
