//! The best cells of a grid without measuring it all: a pass back says where to look, and what was
//! measured says where to look next.

use std::collections::BTreeMap;

use crate::memory::error::MemoryError;
use crate::memory::measure;
use crate::memory::measure::Subject;
use crate::memory::surface::{Point, posterior_mean};
use crate::memory::sweep::variants;
use crate::memory::sweep::{Cell, Grid, Sweep};
use hoplens_injection::{Encoding, Scope};
use hoplens_runtime::{Cancel, Fork, Model, ModelError, Slopes};

/// What a search may cost where nothing else is asked for, in passes over the prompt: about
/// 0.45 s on two cores for SmolLM2-135M and a dozen tokens.
pub const SEARCH_PASSES: f64 = 50.0;

/// The share of that effort that one round spends, so that passes are full and what is measured
/// still steers most of the search.
const ROUND: f64 = 0.1;

/// The most that a pass back may keep; the search of a longer prompt does without slopes.
const SLOPES_BYTES: usize = 256 << 20;

/// The most that a first-order gain promises, in nats: far from the prompt as it is the slope
/// says no more than the sign.
const PROMISE: f64 = 1.2;

/// What a harmful cell counts for, in nats: how harmful it is says little of its neighbours.
const FLOOR: f64 = -1.0;

/// A cell that may be measured.
struct Candidate {
    cell: Cell,
    fork: Fork,
    point: Point,
    /// What the slope promises, in nats.
    promise: f64,
    /// Floating point operations.
    cost: f64,
    /// The gain in nats, once it was measured.
    gain: Option<f64>,
}

/// Finds the best cells of a grid for about the cost of so many `passes` over the prompt for each scope; of a grid that
/// costs no more every cell is measured.
///
/// One pass back gives the slope of the answer's log-probability by what is added at each layer,
/// and with it the first-order gain τ·⟨slope, m⟩ of each cell. The first round measures, of each
/// two neighbouring layers, the more promising one at a middling τ; each later round the cells
/// that an interpolation of what was measured, with the first-order gain as its prior, expects
/// most of. The sweep that is returned holds the cells that were measured, in the order of the
/// grid, and no estimate. A prompt so long that the slopes would take more than 256 MB is searched
/// without them. `progress` hears how many are done.
///
/// # Errors
/// As [`super::sweep`]; [`ModelError::NotFinite`] where the prompt's own logits overflow.
pub fn search(
    model: &Model,
    subject: &Subject<'_>,
    memory: &str,
    grid: &Grid,
    passes: f64,
    cancel: &Cancel,
    progress: &mut dyn FnMut(usize),
) -> Result<Sweep, MemoryError> {
    if subject.tokens.is_empty() {
        return Err(ModelError::EmptyPrompt.into());
    }
    let ids: Vec<u32> = subject.tokens.iter().map(|token| token.id).collect();
    let variants = variants(model, subject, memory, grid, cancel)?;
    let mut candidates: Vec<Candidate> = variants
        .into_iter()
        .map(|(cell, fork)| candidate(model, cell, fork, ids.len()))
        .collect();
    let total: f64 = candidates.iter().map(|candidate| candidate.cost).sum();
    let scopes = grid.scopes.len() as f64;
    let budget = passes * scopes * model.flops(ids.len(), ids.len(), 1);
    let mut chosen = if total <= budget {
        (0..candidates.len()).collect()
    } else {
        if slopes_bytes(model, ids.len()) <= SLOPES_BYTES {
            let first_tokens = subject.first_tokens;
            let slopes = model.slopes(&ids, first_tokens, subject.interventions, cancel)?;
            for candidate in &mut candidates {
                candidate.promise = promise(&slopes, &candidate.fork, ids.len());
            }
        }
        first_round(&candidates, grid)
    };
    let (mut spent, mut done) = (0.0, 0);
    loop {
        let forks: Vec<Fork> = chosen
            .iter()
            .map(|at| candidates[*at].fork.clone())
            .collect();
        let (baseline, readings) =
            measure(model, subject, &forks, cancel, &mut |n| progress(done + n))?;
        done += forks.len();
        for (at, reading) in chosen.iter().zip(readings) {
            let candidate = &mut candidates[*at];
            spent += candidate.cost;
            candidate.cell.logp_first = reading.logp_first;
            candidate.cell.rank = reading.rank;
            let gain = reading.logp_first - baseline.logp_first;
            // Not a number where the logits overflowed: as bad as can be.
            candidate.gain = Some(if gain.is_nan() {
                FLOOR
            } else {
                gain.max(FLOOR)
            });
        }
        let left = (budget - spent).min(ROUND * budget);
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

fn candidate(model: &Model, cell: Cell, fork: Fork, length: usize) -> Candidate {
    Candidate {
        point: Point {
            layer: cell.layer as f64,
            // A magnitude of 0 changes nothing: as far from the others as the smallest number.
            magnitude: cell.tau.abs().max(f64::MIN_POSITIVE).ln(),
        },
        promise: 0.0,
        cost: model.fork_flops(fork.layer, length - fork.at.first(), length),
        gain: None,
        cell,
        fork,
    }
}

/// The gain that the slopes promise, in nats.
fn promise(slopes: &Slopes, fork: &Fork, length: usize) -> f64 {
    let by = &slopes.attn_out[fork.layer];
    let slope: f64 = fork
        .at
        .range(length)
        .flat_map(|row| by.row(row).iter().zip(fork.vector.iter()))
        .map(|(by, value)| f64::from(*by) * f64::from(*value))
        .sum();
    PROMISE * slope.tanh()
}

/// About what a pass back keeps of the way there, and of the slopes.
fn slopes_bytes(model: &Model, length: usize) -> usize {
    3 * model.info.layers * model.info.width * length * size_of::<f32>()
}

/// A magnitude at which the first round looks: where the best cells of an encoding tend to lie.
fn middling(encoding: Encoding) -> f64 {
    match encoding {
        Encoding::Embed => 6.0,
        Encoding::Unembed => 5.0,
        Encoding::Layerwise => 3.0,
    }
}

/// Of each two neighbouring layers of each encoding, scope and sign, the more promising one.
fn first_round(candidates: &[Candidate], grid: &Grid) -> Vec<usize> {
    let pair = |layer: usize| {
        let at = grid.layers.iter().position(|one| *one == layer);
        at.map(|at| at / 2)
    };
    let mut best: BTreeMap<_, usize> = BTreeMap::new();
    for (at, Candidate { cell, promise, .. }) in candidates.iter().enumerate() {
        let wanted = middling(cell.encoding);
        let same_sign = |tau: &&f64| (**tau < 0.0) == (cell.tau < 0.0);
        let distance = |tau: f64| (tau.abs() - wanted).abs();
        let taus = grid.taus.iter().filter(same_sign);
        let nearest = taus.min_by(|a, b| distance(**a).total_cmp(&distance(**b)));
        if nearest != Some(&cell.tau) {
            continue;
        }
        let best = best.entry((group(cell), pair(cell.layer))).or_insert(at);
        if *promise > candidates[*best].promise {
            *best = at;
        }
    }
    best.into_values().collect()
}

/// Cells that tell of each other: those of one encoding, scope and sign.
fn group(cell: &Cell) -> (Encoding, &Scope, bool) {
    (cell.encoding, &cell.scope, cell.tau < 0.0)
}

/// The cells that most is expected of, as many as `left` operations pay for.
fn next_round(candidates: &[Candidate], left: f64) -> Vec<usize> {
    let mut groups: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (at, candidate) in candidates.iter().enumerate() {
        groups.entry(group(&candidate.cell)).or_default().push(at);
    }
    let mut expected: Vec<(usize, f64)> = Vec::new();
    for members in groups.values() {
        let measured = members.iter().filter_map(|at| {
            let Candidate {
                point,
                promise,
                gain,
                ..
            } = &candidates[*at];
            Some((*point, (*gain)? - promise))
        });
        let found: Vec<(Point, f64)> = measured.collect();
        let open = members.iter().filter(|at| candidates[**at].gain.is_none());
        let open: Vec<usize> = open.copied().collect();
        let points: Vec<Point> = open.iter().map(|at| candidates[*at].point).collect();
        let beyond = posterior_mean(&found, &points).unwrap_or_else(|| vec![0.0; points.len()]);
        let sums = open.iter().zip(beyond);
        expected.extend(sums.map(|(at, beyond)| (*at, candidates[*at].promise + beyond)));
    }
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
