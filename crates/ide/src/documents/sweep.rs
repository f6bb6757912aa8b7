//! An injection grid, as JSON and as a picture.

use serde::Serialize;

use crate::documents::heatmap::HeatMap;
use crate::documents::weighed::ControlReport;
use crate::documents::weighed::Weighed;
use hoplens_interp::memory::{Cell, SideEffectSummary, Sweep};
use hoplens_runtime::FirstTokenScore;

/// A grid that was measured, as JSON has it.
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
    pub fn new(
        (prompt, expect, memory): (&'a str, &'a [String], &'a str),
        swept: &'a Sweep,
        weighed: &'a Weighed,
        elapsed_ms: f64,
    ) -> Self {
        Self {
            prompt,
            expect,
            memory,
            baseline: swept.baseline,
            cells: &swept.cells,
            best: swept.best(),
            control: weighed.control.as_ref(),
            collateral: weighed.side_effects.as_ref(),
            elapsed_ms,
        }
    }
}

/// Layer × τ of one encoding and scope: Δlog p of the answer's first token, in nats. A cell that
/// was not measured, or overflowed, is NaN.
pub fn sweep_map<'a>(
    title: String,
    subtitle: String,
    swept: &Sweep,
    layers: &'a [usize],
    taus: &'a [f64],
) -> HeatMap<'a> {
    let value = |layer: usize, tau: f64| {
        let mut cells = swept.cells.iter();
        let cell = cells.find(|cell| cell.layer == layer && cell.tau.total_cmp(&tau).is_eq());
        let gain = cell.map(|cell| cell.logp_first - swept.baseline.logp_first);
        gain.filter(|gain| gain.is_finite()).unwrap_or(f64::NAN)
    };
    let rows = layers.iter();
    let values = rows.flat_map(|layer| taus.iter().map(move |tau| value(*layer, *tau)));
    HeatMap {
        title,
        subtitle,
        layers,
        taus,
        values: values.collect(),
        shown: |nats| format!("{nats:+.2}"),
        none: "not measured",
        least: 0.1,
    }
}
