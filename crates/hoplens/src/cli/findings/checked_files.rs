//! The content of a check's report.

use crate::cli::check::lock::compare::Comparison;
use hoplens_ide::{Diagnostic, Snapshot};
use hoplens_runtime::ModelInfo;

/// The content of a report.
pub(in crate::cli) struct CheckedFiles<'a> {
    /// The model; `None` if nothing was measured.
    pub(in crate::cli) model: Option<&'a ModelInfo>,
    pub(in crate::cli) snapshots: &'a [Snapshot],
    /// The findings of each snapshot.
    pub(in crate::cli) found: &'a [Vec<Diagnostic>],
    pub(in crate::cli) compared: Option<&'a Comparison>,
    /// How many files could not be read.
    pub(in crate::cli) refused: usize,
}
