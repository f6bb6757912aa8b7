//! The injection grid: every encoding × layer × τ × scope of one memory, measured.

use serde::Serialize;

use super::{MemoryError, encode, place, resolve_scope};
use crate::model::{BosPolicy, Cancel, Hooks, Intervention, Model, Token, log_softmax, rank_of};
use crate::prompt::{Encoding, Scope};

/// Sequences in one pass: enough rows for the matrix kernels, little enough memory.
const BATCH: usize = 16;

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
    /// As in [`Baseline`].
    pub logp_first: f64,
    /// As in [`Baseline`].
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
            .max_by(|a, b| a.logp_first.total_cmp(&b.logp_first))
    }
}

/// Measures every cell of `grid` for `memory`; `progress` hears how many are done.
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
    let mut variants = Vec::new();
    for encoding in &grid.encodings {
        let vector = encode(model, memory, *encoding, subject.bos, cancel)?;
        for scope in &grid.scopes {
            let at = resolve_scope(scope, subject.text, subject.tokens)?;
            for &layer in &grid.layers {
                model.check_layer(layer)?;
                for &tau in &grid.taus {
                    let cell = (*encoding, layer, tau, scope.clone());
                    variants.push((cell, place(&vector, layer, tau, at.clone())?));
                }
            }
        }
    }
    let clean = measure(model, &ids, Vec::new(), 1, subject.first_tokens, cancel)?;
    let baseline = Baseline {
        logp_first: clean[0].0,
        rank: clean[0].1,
    };
    let mut cells = Vec::with_capacity(variants.len());
    for chunk in variants.chunks(BATCH) {
        let changes = chunk
            .iter()
            .enumerate()
            .map(|(sequence, (_, change))| Intervention {
                sequence: Some(sequence),
                ..change.clone()
            })
            .collect();
        let scores = measure(
            model,
            &ids,
            changes,
            chunk.len(),
            subject.first_tokens,
            cancel,
        )?;
        for (((encoding, layer, tau, scope), _), (logp_first, rank)) in chunk.iter().zip(scores) {
            let scope = scope.clone();
            cells.push(Cell {
                encoding: *encoding,
                layer: *layer,
                tau: *tau,
                scope,
                logp_first,
                rank,
            });
        }
        progress(cells.len());
    }
    Ok(Sweep { baseline, cells })
}

/// Runs `copies` copies of a prompt and reads each one's first-token log-probability and rank.
fn measure(
    model: &Model,
    ids: &[u32],
    interventions: Vec<Intervention>,
    copies: usize,
    first_tokens: &[u32],
    cancel: &Cancel,
) -> Result<Vec<(f64, usize)>, MemoryError> {
    let sequences = vec![ids; copies];
    let trace = model.forward(&sequences, &Hooks::interventions(interventions), cancel)?;
    Ok((0..copies)
        .map(|row| {
            let logits = trace.logits.row(row);
            let logps = log_softmax(logits);
            let p: f64 = first_tokens
                .iter()
                .map(|token| logps[*token as usize].exp())
                .sum();
            let rank = first_tokens
                .iter()
                .map(|token| rank_of(logits, *token))
                .min();
            // One token keeps the precision that a round trip through exp would lose.
            let logp = match first_tokens {
                [token] => logps[*token as usize],
                _ => p.ln(),
            };
            (logp, rank.unwrap_or(0))
        })
        .collect())
}
