//! The injection grid: every encoding × scope × layer × τ of one memory, measured.

use serde::Serialize;

use crate::memory::error::MemoryError;
use crate::memory::head::encode_for;
use crate::memory::injection::resolve_scope;
use crate::memory::injection::scaled;
use crate::memory::measure;
use crate::memory::measure::Subject;
use hoplens_injection::{Encoding, Scope};
use hoplens_runtime::{Cancel, FirstTokenScore, Fork, Model, ModelError};

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
    /// The head to whose output the memory is confined at each layer; `None` is the whole layer.
    pub head: Option<usize>,
}

/// One measured injection.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cell {
    /// Encoding.
    pub encoding: Encoding,
    /// Layer, from 0.
    pub layer: usize,
    /// Head, from 0; absent where the whole layer is meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head: Option<usize>,
    /// Magnitude.
    pub tau: f64,
    /// Scope.
    pub scope: Scope,
    /// As in [`FirstTokenScore`]; NaN (`null` in JSON) where the injection made the logits overflow.
    pub logp_first: f64,
    /// As in [`FirstTokenScore`]; the vocabulary's size where the logits overflowed.
    pub rank: usize,
}

/// A measured grid.
#[derive(Debug, Clone, PartialEq)]
pub struct Sweep {
    /// The prompt as it is.
    pub baseline: FirstTokenScore,
    /// In the order encoding, scope, layer, τ.
    pub cells: Vec<Cell>,
}

impl Sweep {
    /// The cell with the highest log-probability; the first of equals.
    pub fn best(&self) -> Option<&Cell> {
        best(self.cells.iter())
    }

    /// The best cell of one encoding.
    pub fn best_of(&self, encoding: Encoding) -> Option<&Cell> {
        best(self.cells.iter().filter(|cell| cell.encoding == encoding))
    }
}

fn best<'a>(cells: impl DoubleEndedIterator<Item = &'a Cell>) -> Option<&'a Cell> {
    cells
        .rev()
        .filter(|cell| cell.logp_first.is_finite())
        .max_by(|a, b| a.logp_first.total_cmp(&b.logp_first))
}

/// Measures every cell of `grid` for `memory`, by [`measure`]; `progress` hears how many are done.
///
/// # Errors
/// A memory without tokens, a layer or head that does not exist, a τ that is not finite, a span that does
/// not stand in the prompt, or `cancel` was set.
pub fn sweep(
    model: &Model,
    subject: &Subject<'_>,
    memory: &str,
    grid: &Grid,
    cancel: &Cancel,
    progress: &mut dyn FnMut(usize),
) -> Result<Sweep, MemoryError> {
    let variants = variants(model, subject, memory, grid, cancel)?;
    let variants = variants.into_iter().map(|(cell, fork)| (cell, Some(fork)));
    measured(model, subject, variants, cancel, progress)
}

/// As [`sweep`], but a cell whose τ makes the memory's vector overflow is one in which the logits
/// overflow, not an error.
///
/// # Errors
/// As [`sweep`], without [`MemoryError::Overflow`].
pub fn sweep_past_overflows(
    model: &Model,
    subject: &Subject<'_>,
    memory: &str,
    grid: &Grid,
    cancel: &Cancel,
    progress: &mut dyn FnMut(usize),
) -> Result<Sweep, MemoryError> {
    let mut variants = Vec::new();
    for (cell, fork) in each_variant(model, subject, memory, grid, cancel)? {
        let fork = match fork {
            Err(MemoryError::Overflow { .. }) => None,
            fork => Some(fork?),
        };
        variants.push((cell, fork));
    }
    measured(model, subject, variants.into_iter(), cancel, progress)
}

/// Measures variants; those without a fork are overflows.
fn measured(
    model: &Model,
    subject: &Subject<'_>,
    variants: impl Iterator<Item = (Cell, Option<Fork>)>,
    cancel: &Cancel,
    progress: &mut dyn FnMut(usize),
) -> Result<Sweep, MemoryError> {
    let (mut cells, forks): (Vec<Cell>, Vec<Option<Fork>>) = variants.unzip();
    let is_run: Vec<bool> = forks.iter().map(Option::is_some).collect();
    let forks: Vec<Fork> = forks.into_iter().flatten().collect();
    let (baseline, readings) = measure(model, subject, &forks, cancel, progress)?;
    let mut readings = readings.into_iter();
    for (cell, is_run) in cells.iter_mut().zip(is_run) {
        let reading = if is_run { readings.next() } else { None };
        cell.logp_first = reading.map_or(f64::NAN, |one| one.logp_first);
        cell.rank = reading.map_or(model.config().vocab, |one| one.rank);
    }
    Ok(Sweep { baseline, cells })
}

/// Every cell, not measured yet, and what it does.
pub(super) fn variants(
    model: &Model,
    subject: &Subject<'_>,
    memory: &str,
    grid: &Grid,
    cancel: &Cancel,
) -> Result<Vec<(Cell, Fork)>, MemoryError> {
    let each = each_variant(model, subject, memory, grid, cancel)?;
    each.into_iter()
        .map(|(cell, fork)| Ok((cell, fork?)))
        .collect()
}

/// A cell with what it does, or why its vector cannot be placed.
type Variant = (Cell, Result<Fork, MemoryError>);

/// Every cell of the grid.
fn each_variant(
    model: &Model,
    subject: &Subject<'_>,
    memory: &str,
    grid: &Grid,
    cancel: &Cancel,
) -> Result<Vec<Variant>, MemoryError> {
    if subject.tokens.is_empty() {
        return Err(ModelError::EmptyPrompt.into());
    }
    let mut variants = Vec::new();
    for &encoding in &grid.encodings {
        let vector = encode_for(model, memory, encoding, grid.head, subject.bos, cancel)?;
        for scope in &grid.scopes {
            let at = resolve_scope(scope, subject.text, subject.tokens)?;
            for &layer in &grid.layers {
                model.check_layer(layer)?;
                for &tau in &grid.taus {
                    let cell = Cell {
                        encoding,
                        layer,
                        head: grid.head,
                        tau,
                        scope: scope.clone(),
                        logp_first: f64::NAN,
                        rank: 0,
                    };
                    let fork = scaled(&vector, layer, tau).map(|vector| Fork {
                        sequence: 0,
                        layer,
                        at: at.clone(),
                        vector,
                    });
                    variants.push((cell, fork));
                }
            }
        }
    }
    Ok(variants)
}
