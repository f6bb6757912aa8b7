//! An injection sweep: its cells as JSON, as a heat map, and the evidence for its best cell.

mod document;
pub(super) mod evidence;
mod map;
pub(super) mod query;

pub use document::SweepDocument;
pub use evidence::{SweepEvidence, measure_evidence};
pub use map::sweep_map;
pub use query::SweepQuery;
