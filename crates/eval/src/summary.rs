//! The summary of a journal.
//!
//! Each cell needs a column of log-probabilities. As many columns as fit into a bound are read at a
//! time; a journal that is larger than memory is read several times.

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

/// The default bound on the bytes of columns that are read at a time.
const COLUMN_BYTES: usize = 512 << 20;

/// How results are summarised; no measurement depends on it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SummarySettings {
    /// Number of folds; fewer where there are fewer rows.
    pub folds: usize,
    /// The seed that assigns rows to folds.
    pub seed: u64,
    /// The criterion that selects defaults.
    pub criterion: Criterion,
    /// The most bytes of columns at a time; tests lower it.
    pub bytes: usize,
}

impl Default for SummarySettings {
    fn default() -> Self {
        Self {
            folds: 5,
            seed: 0,
            criterion: Criterion::Geo,
            bytes: COLUMN_BYTES,
        }
    }
}

/// Summarises a journal that contains every row of its experiment; with the `control` if its plan
/// is measured for every row.
///
/// # Errors
/// The journal cannot be read, is a shard, or lacks rows (they are named).
pub fn summarise(
    journal: &Path,
    settings: &SummarySettings,
    control: Option<&ControlPlan>,
) -> Result<ExperimentOutcome, EvalError> {
    let (experiment, rows) = read_rows(journal)?;
    let grid_cells = experiment.grid_cells();
    let per_row = experiment.memories_per_row();
    let observations = rows.len() * per_row;
    let repeat = |value: fn(&RowOutcome) -> f32| -> Vec<f32> {
        let each = |row| std::iter::repeat_n(value(row), per_row);
        rows.iter().flat_map(each).collect()
    };
    let obscure = repeat(|row| row.obscure_logp_first);
    let explicit = repeat(|row| row.explicit_logp_first);
    let folds = settings.folds.min(rows.len());
    let indices: Vec<usize> = rows.iter().map(|row| row.row).collect();
    let fold: Vec<usize> = fold_of(&indices, folds.max(1), settings.seed)
        .into_iter()
        .flat_map(|fold| std::iter::repeat_n(fold, per_row))
        .collect();
    let new_fit = || Fit::new(settings.criterion, folds, fold.clone());
    let mut fit = new_fit();
    let mut by_encoding: Vec<Fit> = Vec::new();
    let group = experiment.layers.len() * experiment.taus.len();
    let mut cells = Vec::with_capacity(grid_cells.len());
    let at_a_time = (settings.bytes / (4 * observations).max(1)).max(1);
    for first in (0..grid_cells.len()).step_by(at_a_time) {
        let range = first..grid_cells.len().min(first + at_a_time);
        let columns = columns(journal, range.clone(), per_row, observations)?;
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
                if by_encoding.len() <= index / group {
                    by_encoding.push(new_fit());
                }
                by_encoding[index / group].consider(grid_cell, &ratios);
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

/// Reads every row with its best cell, in the order of the rows.
fn read_rows(journal: &Path) -> Result<(Experiment, Vec<RowOutcome>), EvalError> {
    let mut reader = JournalReader::open(journal)?;
    let experiment = reader.header.experiment.clone();
    if let Some(shard) = reader.header.shard {
        return Err(EvalError::Incomplete(format!(
            "{} contains only shard {shard}. Merge all shards first.",
            journal.display()
        )));
    }
    // Memory is allocated for the rows found: a damaged header may claim any number. A row that
    // fits the header confirms its grid.
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

/// Returns the error that names the missing rows of `all`, of which `present` are there.
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

fn row_outcome(record: &RowRecord, grid_cells: &[GridCell]) -> RowOutcome {
    let mut best: Option<(usize, usize, f32)> = None;
    for (memory, logps) in record.logp.iter().enumerate() {
        for (cell, logp) in logps.iter().enumerate() {
            if !logp.is_nan() && best.is_none_or(|(_, _, most)| *logp > most) {
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

/// The log-probabilities of one cell, and how often the answer is the likeliest token.
struct Column {
    logp: Vec<f32>,
    top: usize,
}

/// Reads the columns of some cells.
///
/// # Shapes
/// → `[cells][rows·memories]`.
fn columns(
    journal: &Path,
    cells: std::ops::Range<usize>,
    per_row: usize,
    observations: usize,
) -> Result<Vec<Column>, EvalError> {
    let new = |_| Column {
        logp: vec![f32::NAN; observations],
        top: 0,
    };
    let mut columns: Vec<Column> = cells.clone().map(new).collect();
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

/// Reads the control; `None` if the journal lacks the plan for some row.
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
                // Only the plan's cells are kept.
                let kept = |logps: &Vec<f32>| cells.iter().map(|cell| logps[*cell]).collect();
                row.logp = row.logp.iter().map(kept).collect();
                row.rank.clear();
                let at = row.row;
                rows[at] = Some(row);
            }
            JournalLine::Control(record) if record.plan == *plan => {
                let at = record.row;
                records[at] = Some(record);
            }
            JournalLine::Control(_) => {}
        }
    }
    let (Some(rows), Some(records)): (Option<Vec<_>>, Option<Vec<_>>) =
        (rows.into_iter().collect(), records.into_iter().collect())
    else {
        return Ok(None);
    };
    let kept: Vec<usize> = (0..cells.len()).collect();
    let cells = summarise_control(plan, &records, &rows, &kept);
    Ok(Some(ControlOutcome::new(plan, cells)))
}
