//! Draws the heat maps of each encoding and scope of an experiment, as SVG and PNG.

use crate::cli::error::CliError;
use crate::cli::eval::markdown::{encoding_name, signed};
use hoplens_eval::{CellOutcome, ExperimentOutcome, Metrics};
use hoplens_ide::documents::HeatMap;
use hoplens_runtime::ModelInfo;

type Metric = (&'static str, &'static str, fn(&Metrics) -> f64);

const METRICS: [Metric; 2] = [
    ("mean-2sd", "mean % gain within 2 sd", |m| m.mean_pct_2sd),
    ("median", "median % gain", |m| m.median_pct_increase),
];

/// Returns every picture as file name and bytes.
pub(super) fn pictures(
    model: &ModelInfo,
    outcome: &ExperimentOutcome,
) -> Result<Vec<(String, Vec<u8>)>, CliError> {
    let experiment = &outcome.experiment;
    let group = experiment.layers.len() * experiment.taus.len();
    let mut pictures = Vec::new();
    for cells in outcome.cells.chunks(group.max(1)) {
        for (file, title, metric) in METRICS {
            let grid_cell = &cells[0].grid_cell;
            let (encoding, scope) = (encoding_name(grid_cell), grid_cell.scope.name());
            let map = HeatMap {
                title: format!("{title}, {encoding}, scope {scope}"),
                subtitle: format!("{}, {} prompts", model.name, outcome.rows.len()),
                layers: &experiment.layers,
                taus: &experiment.taus,
                values: cells
                    .iter()
                    .map(|cell: &CellOutcome| metric(&cell.metrics))
                    .collect(),
                format: shown,
                missing: "overflow",
                min_limit: 1.0,
            };
            let name = format!("heatmap-{encoding}-{scope}-{file}");
            let svg = map.svg()?;
            pictures.push((format!("{name}.svg"), svg.into_bytes()));
            pictures.push((format!("{name}.png"), map.png()?));
        }
    }
    Ok(pictures)
}

/// Formats a gain in percent, 0 without a sign.
fn shown(percent: f64) -> String {
    if percent == 0.0 {
        "0 %".into()
    } else {
        signed(percent)
    }
}
