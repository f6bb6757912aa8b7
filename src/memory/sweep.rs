//! The injection grid: every encoding × layer × τ × scope of one memory, measured.

use serde::Serialize;

use super::injection::scaled;
use super::{MemoryError, encode, resolve_scope};
use crate::model::{
    BosPolicy, Cancel, Fork, Hooks, Intervention, Model, ModelError, Reuse, Token, log_softmax_at,
    rank_of,
};
use crate::prompt::{Encoding, Scope};

/// Rows of variants in one pass: enough for the matrix kernels, little enough memory, and soon
/// done, so that whoever listens to the progress can do something else in between.
const ROWS: usize = 256;

/// Variants in one pass however long the prompt is: where the clean run is too long to be
/// remembered each pass repeats it.
const LEAST: usize = 4;

/// The cells to measure: the product of the lists.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    /// Encodings.
    pub encodings: Vec<Encoding>,
    /// Layers, from 0.
    pub layers: Vec<usize>,
    /// Magnitudes.
    pub taus: Vec<f64>,
    /// Scopes.
    pub scopes: Vec<Scope>,
}

/// The prompt that is measured and what it should continue with.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The rendered prompt.
    pub text: &'a str,
    /// Its tokens.
    pub tokens: &'a [Token],
    /// Distinct first tokens of the accepted answers; not empty.
    pub first_tokens: &'a [u32],
    /// Whether BOS stands before memories that are read alone.
    pub bos: BosPolicy,
    /// What is in force already, in the baseline and in every cell.
    pub interventions: &'a [Intervention],
}

/// The prompt as it is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Baseline {
    /// Log of the summed probabilities of the answers' first tokens.
    pub logp_first: f64,
    /// How many tokens are more likely than the likeliest of them (0 = top).
    pub rank: usize,
}

/// One measured injection.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cell {
    /// Encoding.
    pub encoding: Encoding,
    /// Layer, from 0.
    pub layer: usize,
    /// Magnitude.
    pub tau: f64,
    /// Scope.
    pub scope: Scope,
    /// As in [`Baseline`]; NaN (`null` in JSON) where the injection made the logits overflow.
    pub logp_first: f64,
    /// As in [`Baseline`]; the vocabulary's size where the logits overflowed.
    pub rank: usize,
}

/// A measured grid.
#[derive(Debug, Clone, PartialEq)]
pub struct Sweep {
    /// The prompt as it is.
    pub baseline: Baseline,
    /// In the order encoding, scope, layer, τ.
    pub cells: Vec<Cell>,
}

impl Sweep {
    /// The cell with the highest log-probability; the first of equals.
    pub fn best(&self) -> Option<&Cell> {
        self.cells
            .iter()
            .rev()
            .filter(|cell| cell.logp_first.is_finite())
            .max_by(|a, b| a.logp_first.total_cmp(&b.logp_first))
    }
}

/// Measures every cell of `grid` for `memory`; `progress` hears how many are done.
///
/// Each cell leaves the clean run at its layer and, for scopes that begin later, at its first
/// position, and all travel upwards in one growing batch: exact, and far cheaper than whole
/// passes. The clean run is computed once and remembered, so that each batch begins at its lowest
/// layer; a prompt too long for the memory of runs repeats it in each batch.
///
/// # Errors
/// A memory without tokens, a layer that does not exist, a τ that is not finite, a span that does
/// not stand in the prompt, or `cancel` was set.
pub fn sweep(
    model: &Model,
    subject: &Subject<'_>,
    memory: &str,
    grid: &Grid,
    cancel: &Cancel,
    progress: &mut dyn FnMut(usize),
) -> Result<Sweep, MemoryError> {
    let ids: Vec<u32> = subject.tokens.iter().map(|token| token.id).collect();
    if ids.is_empty() {
        return Err(ModelError::EmptyPrompt.into());
    }
    let variants = variants(model, subject, memory, grid, cancel)?;
    let rows = |(_, fork): &(Cell, Fork)| ids.len() - fork.at.first();
    let mut baseline = None;
    let mut cells = Vec::with_capacity(variants.len());
    let mut rest = variants.as_slice();
    // Once without variants even if there are none: the baseline is wanted all the same.
    loop {
        let mut sum = 0;
        let most = rest.iter().take_while(|variant| {
            sum += rows(variant);
            sum <= ROWS.max(LEAST * ids.len())
        });
        let (chunk, later) = rest.split_at(most.count().max(1).min(rest.len()));
        rest = later;
        let hooks = Hooks {
            forks: chunk.iter().map(|(_, fork)| fork.clone()).collect(),
            reuse: Reuse::Residuals,
            ..Hooks::interventions(subject.interventions.to_vec())
        };
        let trace = model.forward(&[&ids], &hooks, cancel)?;
        // The first row of every chunk is the clean run.
        let mut scores =
            (0..trace.logits.rows).map(|row| score(trace.logits.row(row), subject.first_tokens));
        let clean = scores.next();
        baseline = baseline.or(clean);
        for ((cell, _), found) in chunk.iter().zip(scores) {
            let Baseline { logp_first, rank } = found;
            cells.push(Cell {
                logp_first,
                rank,
                ..cell.clone()
            });
        }
        progress(cells.len());
        if rest.is_empty() {
            break;
        }
    }
    let baseline = baseline.ok_or(ModelError::EmptyPrompt)?;
    Ok(Sweep { baseline, cells })
}

/// Every cell, not measured yet, and what it does.
fn variants(
    model: &Model,
    subject: &Subject<'_>,
    memory: &str,
    grid: &Grid,
    cancel: &Cancel,
) -> Result<Vec<(Cell, Fork)>, MemoryError> {
    let mut variants = Vec::new();
    for &encoding in &grid.encodings {
        let vector = encode(model, memory, encoding, subject.bos, cancel)?;
        for scope in &grid.scopes {
            let at = resolve_scope(scope, subject.text, subject.tokens)?;
            for &layer in &grid.layers {
                model.check_layer(layer)?;
                for &tau in &grid.taus {
                    let cell = Cell {
                        encoding,
                        layer,
                        tau,
                        scope: scope.clone(),
                        logp_first: f64::NAN,
                        rank: 0,
                    };
                    let fork = Fork {
                        sequence: 0,
                        layer,
                        at: at.clone(),
                        vector: scaled(&vector, layer, tau)?,
                    };
                    variants.push((cell, fork));
                }
            }
        }
    }
    Ok(variants)
}

/// First-token log-probability and rank in a row of logits.
fn score(logits: &[f32], first_tokens: &[u32]) -> Baseline {
    let logp = |token: &u32| log_softmax_at(logits, *token as usize);
    let rank = first_tokens.iter().map(|token| rank_of(logits, *token));
    Baseline {
        logp_first: if let [token] = first_tokens {
            // One token keeps the precision that a round trip through exp would lose.
            logp(token)
        } else {
            let p: f64 = first_tokens.iter().map(|token| logp(token).exp()).sum();
            p.ln()
        },
        rank: if logits.iter().all(|logit| logit.is_finite()) {
            rank.min().unwrap_or(0)
        } else {
            logits.len()
        },
    }
}
