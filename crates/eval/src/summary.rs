//! Computes the results of an experiment from its journal.
//!
//! A journal stores one row of the data set after another, but each cell of the grid needs its
//! log-probabilities over all rows: a column. The summary reads as many columns at a time as
//! [`SummarySettings::bytes`] allows, so it may read the journal several times.

use std::collections::BTreeMap;
use std::path::Path;

use crate::control::summarise_control;
use crate::error::EvalError;
use crate::experiment::{Experiment, GridCell};
use crate::folds::Criterion;
use crate::folds::{Fit, fold_of};
use crate::metrics;
use crate::metrics::log_ratios;
use crate::outcome::ExperimentOutcome;
use crate::outcome::{CellOutcome, ControlOutcome, FitOutcome, RowBest, RowOutcome, best};
use crate::reader::JournalReader;
use crate::record::{ControlPlan, ControlRecord, JournalLine, RowRecord};

/// The default of [`SummarySettings::bytes`].
const DEFAULT_BYTES: usize = 512 << 20;

/// Settings of the summary. They do not affect what is measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SummarySettings {
    /// The number of folds for cross-validation; at most one fold for each row is used.
    pub folds: usize,
    /// The seed that assigns rows to folds.
    pub seed: u64,
    /// The criterion that selects the default cells.
    pub criterion: Criterion,
    /// The maximum size in bytes of the columns that are in memory at a time.
    pub bytes: usize,
}

impl Default for SummarySettings {
    fn default() -> Self {
        Self {
            folds: 5,
            seed: 0,
            criterion: Criterion::Geo,
            bytes: DEFAULT_BYTES,
        }
    }
}

/// Summarises a journal that contains every row of its experiment.
///
/// The outcome includes the control of the plan `control` if the journal has it for every row.
///
/// # Errors
/// The journal cannot be read, contains only a shard, or lacks rows; the error names the missing
/// rows.
pub fn summarise(
    journal: &Path,
    settings: &SummarySettings,
    control: Option<&ControlPlan>,
) -> Result<ExperimentOutcome, EvalError> {
    let (experiment, rows) = read_rows(journal)?;
    let grid_cells = experiment.grid_cells();
    let per_row = experiment.memories_per_row();
    let observations = rows.len() * per_row;
    // An observation is a pair of row and memory: values of rows are repeated for each memory.
    let for_each_memory = |value: fn(&RowOutcome) -> f32| -> Vec<f32> {
        let repeat = |row| std::iter::repeat_n(value(row), per_row);
        rows.iter().flat_map(repeat).collect()
    };
    let obscure = for_each_memory(|row| row.obscure_logp_first);
    let explicit = for_each_memory(|row| row.explicit_logp_first);
    let folds = settings.folds.min(rows.len());
    let indices: Vec<usize> = rows.iter().map(|row| row.row).collect();
    let fold_of_observation: Vec<usize> = fold_of(&indices, folds.max(1), settings.seed)
        .into_iter()
        .flat_map(|fold| std::iter::repeat_n(fold, per_row))
        .collect();
    let new_fit = || Fit::new(settings.criterion, folds, fold_of_observation.clone());
    let mut fit = new_fit();
    let mut by_encoding: Vec<Fit> = Vec::new();
    // The grid lists all layers and τ of one encoding and scope, then those of the next.
    let cells_per_encoding = experiment.layers.len() * experiment.taus.len();
    let mut cells = Vec::with_capacity(grid_cells.len());
    let columns_at_a_time = (settings.bytes / (4 * observations).max(1)).max(1);
    for first in (0..grid_cells.len()).step_by(columns_at_a_time) {
        let range = first..grid_cells.len().min(first + columns_at_a_time);
        let columns = read_columns(journal, range.clone(), per_row, observations)?;
        for (column, index) in columns.iter().zip(range) {
            let grid_cell = grid_cells[index];
            cells.push(CellOutcome {
                grid_cell,
                metrics: metrics(&obscure, &explicit, &column.logp),
                share_top: column.top as f64 / observations as f64,
            });
            if 2 <= folds {
                let ratios = log_ratios(&obscure, &column.logp);
                fit.consider(grid_cell, &ratios);
                if by_encoding.len() <= index / cells_per_encoding {
                    by_encoding.push(new_fit());
                }
                by_encoding[index / cells_per_encoding].consider(grid_cell, &ratios);
            }
        }
    }
    let best = best(&cells);
    let fit = fit.finish().map(|default| FitOutcome {
        criterion: settings.criterion,
        folds,
        seed: settings.seed,
        default,
        by_encoding: by_encoding.into_iter().filter_map(Fit::finish).collect(),
    });
    let control = match control {
        Some(plan) => read_control(journal, plan, &grid_cells)?,
        None => None,
    };
    Ok(ExperimentOutcome {
        experiment,
        rows,
        cells,
        best,
        fit,
        control,
    })
}

/// Reads the header's experiment and the outcome of every row, in the order of the rows.
fn read_rows(journal: &Path) -> Result<(Experiment, Vec<RowOutcome>), EvalError> {
    let mut reader = JournalReader::open(journal)?;
    let experiment = reader.header.experiment.clone();
    if let Some(shard) = reader.header.shard {
        return Err(EvalError::Incomplete(format!(
            "{} contains only shard {shard}. Merge all shards first.",
            journal.display()
        )));
    }
    // Memory is allocated only for rows that are in the journal, because a damaged header may claim
    // any number of rows. For the same reason, the grid is built once a row has confirmed its size.
    let mut grid_cells = Vec::new();
    let mut rows: BTreeMap<usize, RowOutcome> = BTreeMap::new();
    while let Some(line) = reader.read()? {
        if let JournalLine::Row(record) = line {
            if grid_cells.is_empty() {
                grid_cells = experiment.grid_cells();
            }
            rows.insert(record.row, row_outcome(&record, &grid_cells));
        }
    }
    if rows.len() < experiment.rows {
        let missing = |row: &usize| !rows.contains_key(row);
        return Err(missing_rows(experiment.rows, rows.len(), missing));
    }
    Ok((experiment, rows.into_values().collect()))
}

/// Returns the error for a journal with `present` of `all` rows; it names the first missing rows.
pub(super) fn missing_rows(
    all: usize,
    present: usize,
    is_missing: impl Fn(&usize) -> bool,
) -> EvalError {
    let shown = (0..all).filter(is_missing).take(10);
    let shown: Vec<String> = shown.map(|row| row.to_string()).collect();
    let missing = all - present;
    let rest = if missing > shown.len() {
        format!(" and {} more", missing - shown.len())
    } else {
        String::new()
    };
    EvalError::Incomplete(format!(
        "rows {}{rest} (counted from 0) are not measured yet. Complete the run or its shards first.",
        shown.join(", ")
    ))
}

/// Returns the outcome of a row with its best cell.
fn row_outcome(record: &RowRecord, grid_cells: &[GridCell]) -> RowOutcome {
    let mut best: Option<(usize, usize, f32)> = None;
    for (memory, logps) in record.logp.iter().enumerate() {
        for (cell, logp) in logps.iter().enumerate() {
            if !logp.is_nan() && best.is_none_or(|(_, _, highest)| *logp > highest) {
                best = Some((memory, cell, *logp));
            }
        }
    }
    RowOutcome {
        row: record.row,
        obscure_logp_first: record.obscure.logp_first,
        obscure_rank: record.obscure.rank,
        explicit_logp_first: record.explicit.logp_first,
        explicit_rank: record.explicit.rank,
        best: best.map(|(memory, cell, logp_first)| RowBest {
            memory: record.memories[memory].clone(),
            grid_cell: grid_cells[cell],
            logp_first,
            rank: record.rank[memory][cell],
        }),
    }
}

/// The measurements of one cell of the grid.
struct Column {
    /// Log-probabilities of the answers' first tokens: `[rows·memories]`.
    logp: Vec<f32>,
    /// The number of observations in which the answer's first token is the likeliest one.
    top: usize,
}

/// Reads the columns of a range of cells.
fn read_columns(
    journal: &Path,
    cells: std::ops::Range<usize>,
    per_row: usize,
    observations: usize,
) -> Result<Vec<Column>, EvalError> {
    let empty = |_| Column {
        logp: vec![f32::NAN; observations],
        top: 0,
    };
    let mut columns: Vec<Column> = cells.clone().map(empty).collect();
    let mut reader = JournalReader::open(journal)?;
    while let Some(line) = reader.read()? {
        let JournalLine::Row(record) = line else {
            continue;
        };
        let memories = record.logp.iter().zip(&record.rank).take(per_row);
        for (memory, (logps, ranks)) in memories.enumerate() {
            for (column, cell) in columns.iter_mut().zip(cells.clone()) {
                column.logp[record.row * per_row + memory] = logps[cell];
                column.top += usize::from(ranks[cell] == 0);
            }
        }
    }
    Ok(columns)
}

/// Reads the control; `None` if the journal lacks the plan's measurements for a row.
fn read_control(
    journal: &Path,
    plan: &ControlPlan,
    grid_cells: &[GridCell],
) -> Result<Option<ControlOutcome>, EvalError> {
    let mut reader = JournalReader::open(journal)?;
    let count = reader.header.experiment.rows;
    let cells: Option<Vec<usize>> = plan
        .grid_cells
        .iter()
        .map(|grid_cell| grid_cells.iter().position(|other| other == grid_cell))
        .collect();
    let Some(cells) = cells else { return Ok(None) };
    let mut rows: Vec<Option<RowRecord>> = vec![None; count];
    let mut records: Vec<Option<ControlRecord>> = vec![None; count];
    while let Some(line) = reader.read()? {
        match line {
            JournalLine::Row(mut row) => {
                // To save memory, only the plan's cells are kept.
                let select = |logps: &Vec<f32>| cells.iter().map(|cell| logps[*cell]).collect();
                row.logp = row.logp.iter().map(select).collect();
                row.rank.clear();
                let index = row.row;
                rows[index] = Some(row);
            }
            JournalLine::Control(record) if record.plan == *plan => {
                let index = record.row;
                records[index] = Some(record);
            }
            JournalLine::Control(_) => {}
        }
    }
    let (Some(rows), Some(records)): (Option<Vec<_>>, Option<Vec<_>>) =
        (rows.into_iter().collect(), records.into_iter().collect())
    else {
        return Ok(None);
    };
    // The rows now contain the plan's cells only, in the plan's order.
    let indices: Vec<usize> = (0..cells.len()).collect();
    let cells = summarise_control(plan, &records, &rows, &indices);
    Ok(Some(ControlOutcome::new(plan, cells)))
}
