//! The control: random memories in the best cells.

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::data::{DataSet, Example};
use crate::error::EvalError;
use crate::experiment::{Experiment, GridCell};
use crate::metrics::{geometric_mean, mean, median, percent_gain, share_improved};
use crate::record::{ControlPlan, ControlRecord, RowRecord};
use crate::run::row_query;
use hoplens_interp::ModelContext;
use hoplens_interp::memory::{MemoryInjection, Placement, control, percentile, random_memories};
use hoplens_runtime::Model;

/// The results of the control in one cell.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ControlCell {
    /// The cell.
    #[serde(flatten)]
    pub grid_cell: GridCell,
    /// The percentile, 0 to 100, of the rows' own memories by geometric mean of p′/p among
    /// experiments with one random memory for every row.
    pub percentile: f64,
    /// Mean over rows of the percentile of a row's own memory among its random ones.
    pub mean_row_percentile: f64,
    /// Mean probability over rows × random memories.
    pub mean_p_random: f64,
    /// As [`crate::metrics::Metrics::median_pct_increase`], over rows × random memories.
    pub median_pct_increase: f64,
    /// As [`crate::metrics::Metrics::share_improved`], over rows × random memories.
    pub share_improved: f64,
    /// As [`crate::metrics::Metrics::geo`], over rows × random memories.
    pub geo: f64,
}

/// Draws a row's random memories with [`random_memories`], which excludes the bridge and the
/// answer. Each row has its own draw, so that the n-th memories differ between rows.
fn draw(example: &Example, count: usize, seed: u64) -> Vec<&'static str> {
    let digest = Sha256::digest(format!("{seed} {}", example.row));
    let first = digest.iter().take(8);
    let seed = first.fold(0, |sum: u64, byte| sum << 8 | u64::from(*byte));
    let answers = std::slice::from_ref(&example.answer);
    random_memories(&example.explicit_entity, answers, count, seed)
}

/// Returns how many random memories, at most `wanted`, every row can have: the lists are finite.
///
/// # Errors
/// The data set cannot be read.
pub fn most_random(
    model: &Model,
    data: &DataSet,
    wanted: usize,
    seed: u64,
) -> Result<usize, EvalError> {
    let mut most = wanted;
    for example in data.examples()? {
        let example = example?;
        loop {
            let words = draw(&example, most, seed);
            let has_tokens = |word: &&&str| !model.tokenizer.ids(word).is_empty();
            let count = words.iter().filter(has_tokens).count();
            if count == most {
                break;
            }
            // Half of them may be names: with fewer in total, the other half may lack fewer. Retry.
            most = count;
        }
    }
    Ok(most)
}

/// Measures a row's control.
///
/// # Errors
/// As [`control`]; an answer without tokens.
pub fn measure_control(
    context: ModelContext<'_>,
    experiment: &Experiment,
    example: &Example,
    plan: &ControlPlan,
) -> Result<ControlRecord, EvalError> {
    let model = context.model;
    model.clear_cache();
    let query = row_query(
        model,
        &example.obscure_sentence,
        &example.answer,
        experiment.bos,
    )?;
    let random = draw(example, plan.memories, plan.seed);
    let mut logp = Vec::with_capacity(plan.grid_cells.len());
    for grid_cell in &plan.grid_cells {
        let chosen = MemoryInjection {
            memory: example.explicit_entity.clone(),
            placement: Placement {
                encoding: grid_cell.encoding,
                layer: grid_cell.layer,
                head: None,
                tau: grid_cell.tau,
                scope: grid_cell.scope.of(example),
            },
        };
        let found = control(context, &query, &chosen, &random, &mut |_| ())?;
        let readings = found.random.iter();
        logp.push(readings.map(|one| one.reading.logp_first as f32).collect());
    }
    Ok(ControlRecord {
        row: example.row,
        plan: plan.clone(),
        logp,
    })
}

/// Summarises the control in each of its cells.
///
/// # Shapes
/// `records[i]` and `rows[i]` belong to the same row; `cells[s]` is the index of the plan's cell s
/// in a row's record.
pub fn summarise_control(
    plan: &ControlPlan,
    records: &[ControlRecord],
    rows: &[RowRecord],
    cells: &[usize],
) -> Vec<ControlCell> {
    let grid_cells = plan.grid_cells.iter().zip(cells).enumerate();
    grid_cells
        .map(|(at, (grid_cell, &cell))| {
            let mut all = Vec::new();
            let mut probabilities = Vec::new();
            let mut draws: Vec<Vec<f64>> = Vec::new();
            let mut own = Vec::new();
            let mut percentiles = Vec::new();
            for (record, row) in records.iter().zip(rows) {
                let before = f64::from(row.obscure.logp_first);
                let chosen = f64::from(row.logp[0][cell]);
                own.push(chosen - before);
                let random = &record.logp[at];
                percentiles.push(percentile(chosen, random.iter().map(|p| f64::from(*p))));
                draws.resize(draws.len().max(random.len()), Vec::new());
                for (draw, logp) in draws.iter_mut().zip(random) {
                    let logp = f64::from(*logp);
                    draw.push(logp - before);
                    all.push(logp - before);
                    probabilities.push(logp.exp());
                }
            }
            // Only draws that have a memory for every row.
            let whole = draws.iter().filter(|draw| draw.len() == rows.len());
            let geos: Vec<f64> = whole.map(|draw| geometric_mean(draw)).collect();
            ControlCell {
                grid_cell: *grid_cell,
                percentile: percentile(geometric_mean(&own), geos.into_iter()),
                mean_row_percentile: mean(percentiles.into_iter()),
                mean_p_random: mean(probabilities.into_iter()),
                median_pct_increase: percent_gain(median(all.clone())),
                share_improved: share_improved(&all),
                geo: geometric_mean(&all),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_has_its_own_draw() {
        let drawn = |row, seed| {
            let text = |text: &str| text.to_owned();
            let example = Example {
                row,
                byte: 0,
                explicit_sentence: text("The Great Barrier Reef is in"),
                obscure_sentence: text("The largest reef is in"),
                explicit_entity: text("Great Barrier Reef"),
                obscure_entity: text("largest reef"),
                answer: text("Lisbon"),
            };
            draw(&example, 20, seed)
        };
        assert_eq!(drawn(0, 0), drawn(0, 0));
        assert_ne!(drawn(0, 0), drawn(1, 0));
        assert_ne!(drawn(0, 0), drawn(0, 1));
        // Rows and seeds are not interchangeable.
        assert_ne!(drawn(1, 0), drawn(0, 1));
        assert_eq!(drawn(3, 0).len(), 20);
        assert!(!drawn(3, 0).contains(&"Lisbon"));
    }
}
