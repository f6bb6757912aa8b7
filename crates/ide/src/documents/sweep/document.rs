//! A sweep as JSON.

use serde::Serialize;

use crate::documents::sweep::evidence::{ControlReport, SweepEvidence};
use crate::documents::sweep::query::SweepQuery;
use hoplens_interp::memory::{Cell, SideEffectSummary, Sweep};
use hoplens_runtime::FirstTokenScore;

/// A measured sweep, with the field names of the JSON.
#[derive(Debug, Serialize)]
pub struct SweepDocument<'a> {
    prompt: &'a str,
    expect: &'a [String],
    memory: &'a str,
    baseline: FirstTokenScore,
    cells: &'a [Cell],
    best: Option<&'a Cell>,
    control: Option<&'a ControlReport>,
    collateral: Option<&'a SideEffectSummary>,
    elapsed_ms: f64,
}

impl<'a> SweepDocument<'a> {
    /// Returns the document of a sweep; `elapsed_ms` is how long it took.
    pub fn new(
        query: SweepQuery<'a>,
        swept: &'a Sweep,
        evidence: &'a SweepEvidence,
        elapsed_ms: f64,
    ) -> Self {
        Self {
            prompt: query.prompt,
            expect: query.expect,
            memory: query.memory,
            baseline: swept.baseline,
            cells: &swept.cells,
            best: swept.best(),
            control: evidence.control.as_ref(),
            collateral: evidence.side_effects.as_ref(),
            elapsed_ms,
        }
    }
}
