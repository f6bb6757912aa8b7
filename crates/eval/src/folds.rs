//! Cross-validated defaults: chosen on some rows, measured on others.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::experiment::GridCell;
use crate::metrics::{geometric_mean, median, percent_gain, share_improved};

/// The criterion that selects a default cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Criterion {
    /// The geometric mean of p′/p: every prompt counts, and none dominates.
    Geo,
    /// The median of p′/p.
    Median,
}

/// The metrics of a cell on rows that it was not selected on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HeldOutMetrics {
    /// Observations: rows × memories.
    pub observations: usize,
    /// As [`super::Metrics::median_pct_increase`].
    pub median_pct_increase: f64,
    /// As [`super::Metrics::share_improved`].
    pub share_improved: f64,
    /// As [`super::Metrics::geo`].
    pub geo: f64,
}

/// One fold.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fold {
    /// From 0.
    pub fold: usize,
    /// The best cell on the other folds.
    #[serde(flatten)]
    pub grid_cell: GridCell,
    /// Its metrics on this fold.
    pub held_out: HeldOutMetrics,
}

/// A default cell with its cross-validated metrics.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FitRow {
    /// The best cell on all rows.
    #[serde(flatten)]
    pub grid_cell: GridCell,
    /// The metrics of all folds together, each with the cell that was selected without it: an
    /// estimate for new prompts.
    pub held_out: HeldOutMetrics,
    /// The folds.
    pub folds: Vec<Fold>,
}

/// Assigns each of `rows` to a fold: in the order of a hash of seed and row, in turn, so that the
/// folds are balanced.
pub fn fold_of(rows: &[usize], folds: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_cached_key(|at| Sha256::digest(format!("{seed} {}", rows[*at])));
    let mut fold = vec![0; rows.len()];
    for (turn, at) in order.into_iter().enumerate() {
        fold[at] = turn % folds;
    }
    fold
}

/// The best cell so far on the rows outside a fold, with its ratios on the fold.
#[derive(Debug, Clone)]
struct Candidate {
    score: f64,
    grid_cell: GridCell,
    held_out: Vec<f64>,
}

/// Selects among cells that arrive one by one, so that their numbers need not be stored.
#[derive(Debug)]
pub(super) struct Fit {
    criterion: Criterion,
    /// The fold of each observation.
    fold: Vec<usize>,
    /// The best cell on all rows, then on the rows outside each fold.
    best: Vec<Option<Candidate>>,
}

impl Fit {
    /// # Shapes
    /// `fold`: `[observations]`, from 0.
    pub(super) fn new(criterion: Criterion, folds: usize, fold: Vec<usize>) -> Self {
        Self {
            criterion,
            fold,
            best: vec![None; folds + 1],
        }
    }

    /// Considers a cell, given log(p′/p) of each observation.
    pub(super) fn consider(&mut self, grid_cell: GridCell, ratios: &[f64]) {
        for (index, best) in self.best.iter_mut().enumerate() {
            // Index 0 holds out nothing.
            let held = |at: usize| self.fold[at] + 1 == index;
            let (held_out, training): (Vec<_>, Vec<_>) =
                ratios.iter().enumerate().partition(|(at, _)| held(*at));
            let values = |pairs: Vec<(usize, &f64)>| -> Vec<f64> {
                pairs.into_iter().map(|(_, ratio)| *ratio).collect()
            };
            let training = values(training);
            let score = match self.criterion {
                Criterion::Geo => training.iter().sum::<f64>() / training.len() as f64,
                Criterion::Median => median(training),
            };
            if score.is_finite() && best.as_ref().is_none_or(|best| score > best.score) {
                *best = Some(Candidate {
                    score,
                    grid_cell,
                    held_out: values(held_out),
                });
            }
        }
    }

    /// Returns the selection; `None` if every cell has an overflow.
    pub(super) fn finish(self) -> Option<FitRow> {
        let mut best = self.best.into_iter();
        let grid_cell = best.next()??.grid_cell;
        let best: Vec<Candidate> = best.collect::<Option<_>>()?;
        let all: Vec<f64> = best.iter().flat_map(|one| one.held_out.clone()).collect();
        let folds = best.into_iter().enumerate().map(|(fold, one)| Fold {
            fold,
            grid_cell: one.grid_cell,
            held_out: held(&one.held_out),
        });
        Some(FitRow {
            grid_cell,
            held_out: held(&all),
            folds: folds.collect(),
        })
    }
}

fn held(ratios: &[f64]) -> HeldOutMetrics {
    HeldOutMetrics {
        observations: ratios.len(),
        median_pct_increase: percent_gain(median(ratios.to_vec())),
        share_improved: share_improved(ratios),
        geo: geometric_mean(ratios),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::ScopeKind;
    use hoplens_injection::Encoding;

    fn grid_cell(layer: usize) -> GridCell {
        GridCell {
            encoding: Encoding::Embed,
            scope: ScopeKind::All,
            layer,
            tau: 1.0,
        }
    }

    #[test]
    fn folds_are_balanced_and_seeded() {
        let rows: Vec<usize> = (0..53).collect();
        let folds = fold_of(&rows, 5, 0);
        for fold in 0..5 {
            let count = folds.iter().filter(|one| **one == fold).count();
            assert!((10..=11).contains(&count));
        }
        assert_eq!(folds, fold_of(&rows, 5, 0));
        assert_ne!(folds, fold_of(&rows, 5, 1));
    }

    /// A cell that is good only on the held-out rows must not be selected for them.
    #[test]
    fn a_fold_does_not_select_by_its_own_rows() {
        for criterion in [Criterion::Geo, Criterion::Median] {
            let fold = vec![0, 0, 1, 1];
            let mut fit = Fit::new(criterion, 2, fold);
            fit.consider(grid_cell(0), &[9.0, 9.0, -1.0, -1.0]);
            fit.consider(grid_cell(1), &[-2.0, -2.0, 5.0, 5.0]);
            let fit = fit.finish().unwrap();
            assert_eq!(fit.grid_cell.layer, 0);
            let chosen: Vec<usize> = fit.folds.iter().map(|fold| fold.grid_cell.layer).collect();
            assert_eq!(chosen, [1, 0]);
            assert!(fit.held_out.share_improved.abs() < 1e-12);
            assert!((fit.held_out.geo - (-1.5f64).exp()).abs() < 1e-12);
        }
    }

    /// The selection for a fold does not depend on the rows of that fold.
    #[test]
    fn held_out_rows_do_not_affect_the_selection() {
        let fold = fold_of(&(0..20).collect::<Vec<_>>(), 5, 3);
        let ratio = |cell: usize, at: usize| ((cell * 37 + at * 11) as f64).sin();
        let choices = |shift: f64| {
            let mut fit = Fit::new(Criterion::Geo, 5, fold.clone());
            for cell in 0..30 {
                let ratios: Vec<f64> = (0..20)
                    .map(|at| {
                        let own = if fold[at] == 2 {
                            shift * cell as f64
                        } else {
                            0.0
                        };
                        ratio(cell, at) + own
                    })
                    .collect();
                fit.consider(grid_cell(cell), &ratios);
            }
            fit.finish().unwrap().folds[2].grid_cell
        };
        assert_eq!(choices(0.0), choices(100.0));
        assert_eq!(choices(0.0), choices(-100.0));
    }
}
