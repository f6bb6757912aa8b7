//! The best cells of a grid without measuring all of it: gradients say where to begin, and an
//! interpolation of the measured cells says where to continue.

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::context::ModelContext;
use crate::memory::error::MemoryError;
use crate::memory::measure::measure;
use crate::memory::surface::{Point, posterior_mean};
use crate::memory::sweep::{Cell, Grid, Sweep, variants};
use hoplens_injection::{Encoding, Scope};
use hoplens_runtime::{AttnOutGradients, Fork, Model, ModelError, PromptQuery};

/// The default cost of a search, in passes over the prompt for each scope: about 0.45 s on two
/// cores for SmolLM2-135M and a dozen tokens.
pub const SEARCH_PASSES: f64 = 50.0;

/// The share of the budget that one round spends: large enough to fill the passes, small enough
/// that measurements guide most of the search.
const SHARE_PER_ROUND: f64 = 0.1;

/// The most bytes that a backward pass may keep; longer prompts are searched without gradients.
const MOST_GRADIENT_BYTES: usize = 256 << 20;

/// The largest predicted first-order gain, in nats: far from the unchanged prompt, the gradient
/// predicts only the sign.
const MOST_PREDICTED_GAIN: f64 = 1.2;

/// The gain, in nats, at which harmful cells are clipped: how harmful a cell is says little about
/// its neighbours.
const LEAST_GAIN: f64 = -1.0;

/// The grid of a search, and what the search may cost.
#[derive(Debug, Clone, Copy)]
pub struct GridSearch<'a> {
    /// The cells that may be measured.
    pub grid: &'a Grid,
    /// The budget, in passes over the prompt for each scope.
    pub passes: f64,
}

/// A cell that may be measured.
struct Candidate {
    cell: Cell,
    fork: Fork,
    point: Point,
    /// The first-order gain, in nats.
    predicted_gain: f64,
    /// Floating point operations.
    cost: f64,
    /// The gain in nats, once measured.
    gain: Option<f64>,
}

/// Finds the best cells of a grid for about the budget of `search`; measures every cell if the
/// whole grid costs no more.
///
/// One backward pass gives the gradient of the answer's log-probability with respect to each
/// layer's attention output, and with it the first-order gain τ·⟨gradient, m⟩ of each cell. The
/// first round measures, of each two adjacent layers, the one with the larger predicted gain, at a
/// typical τ. Each later round measures the cells with the largest posterior mean of a Gaussian
/// process over the measured gains, with the first-order gain as its prior mean. The returned sweep
/// contains measured cells only, in the order of the grid. A prompt whose gradients would take more
/// than 256 MB is searched without them. `progress` receives the number of cells that are done.
///
/// # Errors
/// As [`crate::memory::sweep`]; [`ModelError::NotFinite`] if the prompt's own logits overflow.
pub fn search(
    context: ModelContext<'_>,
    query: &PromptQuery,
    memory: &str,
    search: GridSearch<'_>,
    progress: &mut dyn FnMut(usize),
) -> Result<Sweep, MemoryError> {
    let mut found = search_all(context, query, memory, &[search], progress)?;
    found.pop().ok_or_else(|| ModelError::EmptyPrompt.into())
}

/// Searches several grids of one prompt and memory as [`search`] does, each with its own budget; the
/// gradients are computed once.
///
/// # Errors
/// As [`search`].
pub fn search_all(
    context: ModelContext<'_>,
    query: &PromptQuery,
    memory: &str,
    searches: &[GridSearch<'_>],
    progress: &mut dyn FnMut(usize),
) -> Result<Vec<Sweep>, MemoryError> {
    if query.tokens.is_empty() {
        return Err(ModelError::EmptyPrompt.into());
    }
    let mut prompt = SearchedPrompt {
        context,
        query,
        memory,
        ids: query.ids(),
        gradients: None,
    };
    let mut found: Vec<Sweep> = Vec::with_capacity(searches.len());
    let mut done = 0;
    for search in searches {
        let sweep = prompt.search(*search, &mut |count| progress(done + count))?;
        done += sweep.cells.len();
        found.push(sweep);
    }
    Ok(found)
}

/// The prompt and the memory of a search.
struct SearchedPrompt<'a> {
    context: ModelContext<'a>,
    query: &'a PromptQuery,
    memory: &'a str,
    ids: Vec<u32>,
    /// The gradients, once a search needed them.
    gradients: Option<AttnOutGradients>,
}

impl SearchedPrompt<'_> {
    fn search(
        &mut self,
        search: GridSearch<'_>,
        progress: &mut dyn FnMut(usize),
    ) -> Result<Sweep, MemoryError> {
        let model = self.context.model;
        let length = self.ids.len();
        let mut candidates = self.candidates(search.grid)?;
        let total: f64 = candidates.iter().map(|candidate| candidate.cost).sum();
        let scopes = search.grid.scopes.len() as f64;
        let budget = search.passes * scopes * model.flops(length, length, 1);
        let mut chosen = if total <= budget {
            (0..candidates.len()).collect()
        } else {
            self.predict(&mut candidates)?;
            first_round(&candidates, search.grid)
        };
        let (mut spent, mut done) = (0.0, 0);
        loop {
            let forks: Vec<Fork> = chosen
                .iter()
                .map(|at| candidates[*at].fork.clone())
                .collect();
            let mut tick = |count| progress(done + count);
            let (baseline, readings) = measure(self.context, self.query, &forks, &mut tick)?;
            done += forks.len();
            for (at, reading) in chosen.iter().zip(readings) {
                let candidate = &mut candidates[*at];
                spent += candidate.cost;
                candidate.cell.logp_first = reading.logp_first;
                candidate.cell.rank = reading.rank;
                let gain = reading.logp_first - baseline.logp_first;
                // NaN if the logits overflowed: that counts as the least gain.
                candidate.gain = Some(if gain.is_nan() {
                    LEAST_GAIN
                } else {
                    gain.max(LEAST_GAIN)
                });
            }
            let left = (budget - spent).min(SHARE_PER_ROUND * budget);
            chosen = next_round(&candidates, left);
            if chosen.is_empty() {
                let measured = candidates
                    .into_iter()
                    .filter(|candidate| candidate.gain.is_some());
                return Ok(Sweep {
                    baseline,
                    cells: measured.map(|candidate| candidate.cell).collect(),
                });
            }
        }
    }

    /// Returns the cells of a grid, none of them measured.
    fn candidates(&self, grid: &Grid) -> Result<Vec<Candidate>, MemoryError> {
        let variants = variants(self.context, self.query, self.memory, grid)?;
        let (model, length) = (self.context.model, self.ids.len());
        let variants = variants.into_iter();
        Ok(variants
            .map(|(cell, fork)| candidate(model, cell, fork, length))
            .collect())
    }

    /// Fills in the gains that the gradients predict, unless the prompt is too long for them.
    fn predict(&mut self, candidates: &mut [Candidate]) -> Result<(), MemoryError> {
        let model = self.context.model;
        let length = self.ids.len();
        if gradient_bytes(model, length) > MOST_GRADIENT_BYTES {
            return Ok(());
        }
        let gradients = match &self.gradients {
            Some(known) => known,
            None => self.gradients.insert(model.attn_out_gradients(
                &self.ids,
                &self.query.first_tokens(),
                &self.query.interventions,
                self.context.cancel,
            )?),
        };
        candidates.par_iter_mut().for_each(|candidate| {
            candidate.predicted_gain = predicted_gain(gradients, &candidate.fork, length);
        });
        Ok(())
    }
}

fn candidate(model: &Model, cell: Cell, fork: Fork, length: usize) -> Candidate {
    Candidate {
        point: Point {
            layer: cell.layer as f64,
            // A magnitude of 0 has no logarithm: it is placed as far away as the smallest number.
            magnitude: cell.tau.abs().max(f64::MIN_POSITIVE).ln(),
        },
        predicted_gain: 0.0,
        cost: model.fork_flops(fork.layer, length - fork.at.first(), length),
        gain: None,
        cell,
        fork,
    }
}

/// Returns the gain that the gradients predict, in nats.
fn predicted_gain(gradients: &AttnOutGradients, fork: &Fork, length: usize) -> f64 {
    let grad = &gradients.attn_out[fork.layer];
    let first_order: f64 = fork
        .at
        .range(length)
        .flat_map(|row| grad.row(row).iter().zip(fork.vector.iter()))
        .map(|(grad, value)| f64::from(*grad) * f64::from(*value))
        .sum();
    MOST_PREDICTED_GAIN * first_order.tanh()
}

/// Estimates the bytes that a backward pass keeps: activations and gradients.
fn gradient_bytes(model: &Model, length: usize) -> usize {
    3 * model.info.layers * model.info.width * length * size_of::<f32>()
}

/// Returns the magnitude at which the first round measures: where the best cells of an encoding
/// tend to be.
fn typical_tau(encoding: Encoding) -> f64 {
    match encoding {
        Encoding::Embed => 6.0,
        Encoding::Unembed => 5.0,
        Encoding::Layerwise => 3.0,
    }
}

/// Selects, of each two adjacent layers of each encoding, scope and sign, the one with the larger
/// predicted gain.
fn first_round(candidates: &[Candidate], grid: &Grid) -> Vec<usize> {
    let pair = |layer: usize| {
        let at = grid.layers.iter().position(|one| *one == layer);
        at.map(|at| at / 2)
    };
    let mut best: BTreeMap<_, usize> = BTreeMap::new();
    for (at, candidate) in candidates.iter().enumerate() {
        let cell = &candidate.cell;
        let typical = typical_tau(cell.encoding);
        let same_sign = |tau: &&f64| (**tau < 0.0) == (cell.tau < 0.0);
        let distance = |tau: f64| (tau.abs() - typical).abs();
        let taus = grid.taus.iter().filter(same_sign);
        let nearest = taus.min_by(|a, b| distance(**a).total_cmp(&distance(**b)));
        if nearest != Some(&cell.tau) {
            continue;
        }
        let best = best.entry((family(cell), pair(cell.layer))).or_insert(at);
        if candidate.predicted_gain > candidates[*best].predicted_gain {
            *best = at;
        }
    }
    best.into_values().collect()
}

/// Returns the encoding, scope and sign of a cell: gains of one family are interpolated together.
fn family(cell: &Cell) -> (Encoding, &Scope, bool) {
    (cell.encoding, &cell.scope, cell.tau < 0.0)
}

/// Selects the cells with the largest expected gain, as many as `left` floating point operations
/// pay for.
fn next_round(candidates: &[Candidate], left: f64) -> Vec<usize> {
    let is_open = |candidate: &&Candidate| candidate.gain.is_none();
    let open = candidates.iter().filter(is_open);
    if open
        .map(|candidate| candidate.cost)
        .fold(f64::INFINITY, f64::min)
        > left
    {
        return Vec::new();
    }
    let mut families: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (at, candidate) in candidates.iter().enumerate() {
        families
            .entry(family(&candidate.cell))
            .or_default()
            .push(at);
    }
    let families: Vec<Vec<usize>> = families.into_values().collect();
    let expect = |members: &Vec<usize>| -> Vec<(usize, f64)> {
        let measured = members.iter().filter_map(|at| {
            let candidate = &candidates[*at];
            Some((candidate.point, candidate.gain? - candidate.predicted_gain))
        });
        let found: Vec<(Point, f64)> = measured.collect();
        let open = members.iter().filter(|at| candidates[**at].gain.is_none());
        let open: Vec<usize> = open.copied().collect();
        let points: Vec<Point> = open.iter().map(|at| candidates[*at].point).collect();
        let beyond = posterior_mean(&found, &points).unwrap_or_else(|| vec![0.0; points.len()]);
        let sums = open.into_iter().zip(beyond);
        sums.map(|(at, beyond)| (at, candidates[at].predicted_gain + beyond))
            .collect()
    };
    let expected: Vec<Vec<(usize, f64)>> = families.par_iter().map(expect).collect();
    let mut expected = expected.concat();
    expected.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    let mut sum = 0.0;
    expected
        .into_iter()
        .map(|(at, _)| at)
        .take_while(|at| {
            sum += candidates[*at].cost;
            sum <= left
        })
        .collect()
}
