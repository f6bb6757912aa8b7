//! What random memories do in the best cells: the control.

use serde::{Deserialize, Serialize};

use super::journal::table;
use super::metrics::{geometric_mean, mean, median, percent_gain, share_improved};
use super::run::Asked;
use super::{EvalError, Example, Experiment, RowRecord, Spot};
use crate::memory::{Placement, control, percentile, random_memories};
use crate::model::{Cancel, Model};

/// What the control of a run is: how many random memories a row gets, which, and where.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Chance {
    /// Random memories of each row.
    pub memories: usize,
    /// Decides which.
    pub seed: u64,
    /// The cells.
    pub spots: Vec<Spot>,
}

/// A row's control, as the journal keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChanceRecord {
    /// Index of the row, from 0.
    pub row: usize,
    /// What was measured.
    pub plan: Chance,
    /// `[spots][memories]`: log-probability of the answer's first token with each random memory.
    #[serde(deserialize_with = "table")]
    pub logp: Vec<Vec<f32>>,
}

/// A cell of the control.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChanceCell {
    /// The cell.
    #[serde(flatten)]
    pub spot: Spot,
    /// The percentile that the rows' own memories reach by geometric mean of p′/p among as many
    /// experiments, each with one random memory for every row; 0 to 100.
    pub percentile: f64,
    /// Mean over rows of the percentile that a row's own memory reaches among its random ones.
    pub mean_row_percentile: f64,
    /// Over rows × random memories, as in [`super::Metrics`].
    pub mean_p_random: f64,
    /// As above.
    pub median_pct_increase: f64,
    /// As above.
    pub share_improved: f64,
    /// As above.
    pub geo: f64,
}

/// Measures a row's control.
///
/// The random memories are those of [`random_memories`]: none holds the bridge or the answer.
///
/// # Errors
/// As [`control`].
pub fn chance_of_row(
    model: &Model,
    experiment: &Experiment,
    example: &Example,
    plan: &Chance,
    cancel: &Cancel,
) -> Result<ChanceRecord, EvalError> {
    model.forget();
    let asked = Asked::new(
        model,
        &example.obscure_sentence,
        &example.answer,
        experiment.bos,
    )?;
    let chosen = &example.explicit_entity;
    let answers = std::slice::from_ref(&example.answer);
    let random = random_memories(chosen, answers, plan.memories, plan.seed);
    let mut logp = Vec::with_capacity(plan.spots.len());
    for spot in &plan.spots {
        let placement = Placement {
            encoding: spot.encoding,
            layer: spot.layer,
            head: None,
            tau: spot.tau,
            scope: spot.scope.of(example),
        };
        let subject = asked.subject();
        let found = control(
            model,
            &subject,
            chosen,
            &placement,
            &random,
            cancel,
            &mut |_| (),
        )?;
        let readings = found.random.iter();
        logp.push(readings.map(|one| one.reading.logp_first as f32).collect());
    }
    Ok(ChanceRecord {
        row: example.row,
        plan: plan.clone(),
        logp,
    })
}

/// What the control says of each of its cells.
///
/// # Shapes
/// `records[i]` and `rows[i]` belong to the same row; `cells[s]` is the place of spot s in a
/// row's record.
pub fn summarise_chance(
    plan: &Chance,
    records: &[ChanceRecord],
    rows: &[RowRecord],
    cells: &[usize],
) -> Vec<ChanceCell> {
    let spots = plan.spots.iter().zip(cells).enumerate();
    spots
        .map(|(at, (spot, &cell))| {
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
            // An experiment with a memory for every row: short lists may leave some rows without.
            let whole = draws.iter().filter(|draw| draw.len() == rows.len());
            let geos: Vec<f64> = whole.map(|draw| geometric_mean(draw)).collect();
            ChanceCell {
                spot: *spot,
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
