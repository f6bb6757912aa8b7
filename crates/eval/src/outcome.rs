//! The results of a complete run.

use serde::Serialize;

use crate::control::ControlCell;
use crate::experiment::{Experiment, GridCell};
use crate::folds::{Criterion, FitRow};
use crate::metrics::Metrics;
use crate::record::ControlPlan;

/// The results of a run in which every row is finished.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExperimentOutcome {
    /// What was measured.
    pub experiment: Experiment,
    /// The rows in their order.
    pub rows: Vec<RowOutcome>,
    /// The cells in the order encoding, scope, layer, τ.
    pub cells: Vec<CellOutcome>,
    /// The best cell by each criterion.
    pub best: Vec<Best>,
    /// Cross-validated defaults; `None` if there is only one row.
    pub fit: Option<FitOutcome>,
    /// Random memories in the best cells; `None` if none were requested.
    pub control: Option<ControlOutcome>,
}

/// The results of a row.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RowOutcome {
    /// Index of the row, from 0.
    pub row: usize,
    /// Log-probability of the answer's first token after the obscure prompt.
    pub obscure_logp_first: f32,
    /// Its rank there (0 = top).
    pub obscure_rank: usize,
    /// The same after the explicit prompt.
    pub explicit_logp_first: f32,
    /// Its rank there.
    pub explicit_rank: usize,
    /// The row's best cell, selected by the answer that it is measured on.
    pub best: Option<RowBest>,
}

/// The best cell of a row.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RowBest {
    /// The injected memory.
    pub memory: String,
    /// The cell.
    #[serde(flatten)]
    pub grid_cell: GridCell,
    /// Log-probability of the answer's first token there.
    pub logp_first: f32,
    /// Its rank there.
    pub rank: usize,
}

/// The results of a cell over all rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CellOutcome {
    /// The cell.
    #[serde(flatten)]
    pub grid_cell: GridCell,
    /// Its metrics.
    #[serde(flatten)]
    pub metrics: Metrics,
    /// Share of observations in which the answer's first token is the likeliest, 0 to 1.
    pub share_top: f64,
}

/// The best cell by one criterion.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Best {
    /// The metric's name.
    pub criterion: &'static str,
    /// The cell.
    #[serde(flatten)]
    pub cell: CellOutcome,
}

/// Cross-validated defaults.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FitOutcome {
    /// The criterion that selected the cells.
    pub criterion: Criterion,
    /// Number of folds.
    pub folds: usize,
    /// The seed that assigned rows to folds.
    pub seed: u64,
    /// The selection among all cells.
    pub default: FitRow,
    /// The selection for each encoding and scope.
    pub by_encoding: Vec<FitRow>,
}

/// The results of the control.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ControlOutcome {
    /// Number of random memories for each row.
    pub memories: usize,
    /// The seed that selected them.
    pub seed: u64,
    /// The cells.
    pub cells: Vec<ControlCell>,
}

impl ControlOutcome {
    /// Returns the outcome of a plan.
    pub(super) fn new(plan: &ControlPlan, cells: Vec<ControlCell>) -> Self {
        Self {
            memories: plan.memories,
            seed: plan.seed,
            cells,
        }
    }
}

impl ExperimentOutcome {
    /// Returns the distinct cells to measure the control in: the default, then the best ones.
    pub fn notable(&self) -> Vec<GridCell> {
        let default = self.fit.iter().map(|fit| fit.default.grid_cell);
        let best = self.best.iter().map(|best| best.cell.grid_cell);
        let mut grid_cells: Vec<GridCell> = Vec::new();
        for grid_cell in default.chain(best) {
            if !grid_cells.contains(&grid_cell) {
                grid_cells.push(grid_cell);
            }
        }
        grid_cells
    }
}

/// Returns the best cell by each criterion, among those without overflows.
pub(super) fn best(cells: &[CellOutcome]) -> Vec<Best> {
    type Criterion = (&'static str, fn(&Metrics) -> f64);
    let criteria: [Criterion; 5] = [
        ("mean_pct_2sd", |m| m.mean_pct_2sd),
        ("median_pct_increase", |m| m.median_pct_increase),
        ("share_improved", |m| m.share_improved),
        ("geo", |m| m.geo),
        ("mean_p_injected", |m| m.mean_p_injected),
    ];
    let whole = |cell: &&CellOutcome| cell.metrics.overflowed == 0;
    let choose = |(criterion, value): Criterion| {
        // The first of equals.
        let candidates = cells.iter().rev().filter(whole);
        let cell = candidates.max_by(|a, b| value(&a.metrics).total_cmp(&value(&b.metrics)))?;
        Some(Best {
            criterion,
            cell: *cell,
        })
    };
    criteria.into_iter().filter_map(choose).collect()
}
