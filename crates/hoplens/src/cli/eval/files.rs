//! Writes the result files of a run. Each file appears under its name only when it is complete,
//! `results.json` last.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use serde::Serialize;

use crate::cli::error::CliError;
use crate::cli::eval::{heatmap, markdown};
use crate::cli::json;
use hoplens_eval::{EvalError, ExperimentOutcome, FitRow, RowOutcome, part_of};
use hoplens_runtime::ModelInfo;

/// The journal's name in the folder of a run.
pub(in crate::cli::eval) const JOURNAL: &str = "journal.jsonl";

/// Creates a run's folder.
pub(super) fn make(folder: &Path) -> Result<(), CliError> {
    std::fs::create_dir_all(folder).map_err(|source| failed(folder, source))
}

/// Writes every result of a run.
pub(super) fn write_all(
    folder: &Path,
    model: &ModelInfo,
    outcome: &ExperimentOutcome,
) -> Result<(), CliError> {
    write(&folder.join("rows.csv"), &rows(outcome)?)?;
    write(&folder.join("cells.csv"), &cells(outcome)?)?;
    let tables = markdown::tables(model, outcome);
    write(&folder.join("table.md"), tables.as_bytes())?;
    if let Some(defaults) = defaults(model, outcome) {
        write(&folder.join("defaults.toml"), defaults.as_bytes())?;
    }
    for (name, bytes) in heatmap::pictures(model, outcome)? {
        write(&folder.join(name), &bytes)?;
    }
    let mut results = Vec::new();
    json::print(&mut results, Some(model), outcome)?;
    write(&folder.join("results.json"), &results)
}

/// Writes a file atomically. The caller must hold the lock of the folder's journal, so that no
/// other process uses the temporary name.
fn write(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    let part = part_of(path);
    let whole = File::create(&part)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        })
        .and_then(|()| std::fs::rename(&part, path));
    whole.map_err(|source| {
        // The incomplete file is useless, and the first error is the one to report.
        let _ = std::fs::remove_file(&part);
        failed(path, source)
    })
}

fn failed(path: &Path, source: std::io::Error) -> CliError {
    let path = path.into();
    let verb = "write";
    EvalError::File { verb, path, source }.into()
}

/// Returns a CSV table; see [`number`] for numbers that are not finite.
fn table(header: &[&str], records: impl Iterator<Item = Vec<String>>) -> Result<Vec<u8>, CliError> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    let written = csv.write_record(header).and_then(|()| {
        let mut records = records;
        records.try_for_each(|record| csv.write_record(record))
    });
    written.map_err(std::io::Error::from)?;
    Ok(csv
        .into_inner()
        .map_err(|error| std::io::Error::other(error.to_string()))?)
}

fn number(value: f64) -> String {
    if value.is_finite() {
        value.to_string()
    } else {
        String::new()
    }
}

fn rows(outcome: &ExperimentOutcome) -> Result<Vec<u8>, CliError> {
    let header = [
        "row",
        "obscure_logp_first",
        "obscure_rank",
        "explicit_logp_first",
        "explicit_rank",
        "best_memory",
        "best_encoding",
        "best_scope",
        "best_layer",
        "best_tau",
        "best_logp_first",
        "best_rank",
    ];
    let record = |row: &RowOutcome| {
        let mut fields = vec![
            row.row.to_string(),
            row.obscure_logp_first.to_string(),
            row.obscure_rank.to_string(),
            row.explicit_logp_first.to_string(),
            row.explicit_rank.to_string(),
        ];
        match &row.best {
            Some(best) => fields.extend([
                best.memory.clone(),
                markdown::encoding_name(&best.grid_cell),
                best.grid_cell.scope.name().into(),
                best.grid_cell.layer.to_string(),
                best.grid_cell.tau.to_string(),
                best.logp_first.to_string(),
                best.rank.to_string(),
            ]),
            None => fields.extend(std::iter::repeat_n(String::new(), 7)),
        }
        fields
    };
    table(&header, outcome.rows.iter().map(record))
}

fn cells(outcome: &ExperimentOutcome) -> Result<Vec<u8>, CliError> {
    let header = [
        "encoding",
        "scope",
        "layer",
        "tau",
        "mean_p_obscure",
        "mean_p_explicit",
        "mean_p_injected",
        "mean_pct_increase",
        "mean_pct_2sd",
        "outside_2sd",
        "median_pct_increase",
        "share_improved",
        "geo",
        "share_top",
        "overflowed",
    ];
    let records = outcome.cells.iter().map(|cell| {
        let metrics = &cell.metrics;
        vec![
            markdown::encoding_name(&cell.grid_cell),
            cell.grid_cell.scope.name().into(),
            cell.grid_cell.layer.to_string(),
            cell.grid_cell.tau.to_string(),
            number(metrics.mean_p_obscure),
            number(metrics.mean_p_explicit),
            number(metrics.mean_p_injected),
            number(metrics.mean_pct_increase),
            number(metrics.mean_pct_2sd),
            metrics.outside_2sd.to_string(),
            number(metrics.median_pct_increase),
            number(metrics.share_improved),
            number(metrics.geo),
            number(cell.share_top),
            metrics.overflowed.to_string(),
        ]
    });
    table(&header, records)
}

/// A default cell of a model.
#[derive(Serialize)]
struct Default {
    encoding: String,
    scope: &'static str,
    layer: usize,
    tau: f64,
    held_out_median_pct: f64,
    held_out_share_improved: f64,
    held_out_geo: f64,
}

#[derive(Serialize)]
struct Defaults<'a> {
    model: &'a str,
    sha256: &'a str,
    data: &'a str,
    rows: usize,
    default: Default,
    by_encoding: Vec<Default>,
}

/// Returns a model's defaults as TOML; `None` if there is no fit.
fn defaults(model: &ModelInfo, outcome: &ExperimentOutcome) -> Option<String> {
    let fit = outcome.fit.as_ref()?;
    let default = |row: &FitRow| Default {
        encoding: markdown::encoding_name(&row.grid_cell),
        scope: row.grid_cell.scope.name(),
        layer: row.grid_cell.layer,
        tau: row.grid_cell.tau,
        held_out_median_pct: row.held_out.median_pct_increase,
        held_out_share_improved: row.held_out.share_improved,
        held_out_geo: row.held_out.geo,
    };
    toml::to_string(&Defaults {
        model: &model.name,
        sha256: &model.sha256,
        data: &outcome.experiment.data,
        rows: outcome.rows.len(),
        default: default(&fit.default),
        by_encoding: fit.by_encoding.iter().map(default).collect(),
    })
    .ok()
}
