//! A sweep as a heat map.

use crate::documents::pictures::heat_map::HeatMap;
use hoplens_interp::memory::Sweep;

/// Returns the heat map of one encoding and scope, layer × τ: Δlog p of the answer's first token,
/// in nats. A cell that was not measured, or overflowed, is NaN.
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
        format: |nats| format!("{nats:+.2}"),
        missing: "not measured",
        min_limit: 0.1,
    }
}
