//! The injection grid: every encoding × scope × layer × τ of one memory, measured.

use serde::Serialize;

use crate::context::ModelContext;
use crate::memory::encode::encode;
use crate::memory::encoding::MemoryEncoding;
use crate::memory::error::MemoryError;
use crate::memory::injection::{resolve_scope, scaled};
use crate::memory::measure::measure;
use crate::memory::placement::Placement;
use hoplens_injection::{Encoding, Scope};
use hoplens_runtime::{FirstTokenScore, Fork, ModelError, PromptQuery};

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
    /// The head, from 0, on whose output the memory is projected at each layer; `None` for the
    /// whole layer.
    pub head: Option<usize>,
}

/// One measured injection.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cell {
    /// Encoding.
    pub encoding: Encoding,
    /// Layer, from 0.
    pub layer: usize,
    /// Head, from 0; absent for the whole layer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head: Option<usize>,
    /// Magnitude.
    pub tau: f64,
    /// Scope.
    pub scope: Scope,
    /// As in [`FirstTokenScore`]; NaN (`null` in JSON) if the injection made the logits overflow.
    pub logp_first: f64,
    /// As in [`FirstTokenScore`]; the vocabulary's size if the logits overflowed.
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

impl From<&Cell> for Placement {
    fn from(cell: &Cell) -> Self {
        Self {
            encoding: cell.encoding,
            layer: cell.layer,
            head: cell.head,
            tau: cell.tau,
            scope: cell.scope.clone(),
        }
    }
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

/// Measures every cell of `grid` for `memory`, as [`measure`] does; `progress` receives the number
/// of cells that are done.
///
/// # Errors
/// A memory without tokens, a layer or head that does not exist, a τ that is not finite or makes
/// the vector overflow, a span that is not in the prompt; as [`measure`].
pub fn sweep(
    context: ModelContext<'_>,
    query: &PromptQuery,
    memory: &str,
    grid: &Grid,
    progress: &mut dyn FnMut(usize),
) -> Result<Sweep, MemoryError> {
    let variants = variants(context, query, memory, grid)?;
    let variants = variants.into_iter().map(|(cell, fork)| (cell, Some(fork)));
    measured(context, query, variants, progress)
}

/// As [`sweep`], but a cell whose τ makes the memory's vector overflow counts as one in which the
/// logits overflow.
///
/// # Errors
/// As [`sweep`], without [`MemoryError::Overflow`].
pub fn sweep_past_overflows(
    context: ModelContext<'_>,
    query: &PromptQuery,
    memory: &str,
    grid: &Grid,
    progress: &mut dyn FnMut(usize),
) -> Result<Sweep, MemoryError> {
    let mut variants = Vec::new();
    for (cell, fork) in each_variant(context, query, memory, grid)? {
        let fork = match fork {
            Err(MemoryError::Overflow { .. }) => None,
            fork => Some(fork?),
        };
        variants.push((cell, fork));
    }
    measured(context, query, variants.into_iter(), progress)
}

/// Measures variants; those without a fork are overflows.
fn measured(
    context: ModelContext<'_>,
    query: &PromptQuery,
    variants: impl Iterator<Item = (Cell, Option<Fork>)>,
    progress: &mut dyn FnMut(usize),
) -> Result<Sweep, MemoryError> {
    let (mut cells, forks): (Vec<Cell>, Vec<Option<Fork>>) = variants.unzip();
    let is_run: Vec<bool> = forks.iter().map(Option::is_some).collect();
    let forks: Vec<Fork> = forks.into_iter().flatten().collect();
    let (baseline, readings) = measure(context, query, &forks, progress)?;
    let mut readings = readings.into_iter();
    for (cell, is_run) in cells.iter_mut().zip(is_run) {
        let reading = if is_run { readings.next() } else { None };
        cell.logp_first = reading.map_or(f64::NAN, |one| one.logp_first);
        cell.rank = reading.map_or(context.model.config().vocab, |one| one.rank);
    }
    Ok(Sweep { baseline, cells })
}

/// Returns every cell, not measured yet, with its fork.
///
/// # Errors
/// As [`sweep`].
pub(super) fn variants(
    context: ModelContext<'_>,
    query: &PromptQuery,
    memory: &str,
    grid: &Grid,
) -> Result<Vec<(Cell, Fork)>, MemoryError> {
    let each = each_variant(context, query, memory, grid)?;
    each.into_iter()
        .map(|(cell, fork)| Ok((cell, fork?)))
        .collect()
}

/// A cell with its fork, or the reason why its vector cannot be placed.
type CellVariant = (Cell, Result<Fork, MemoryError>);

/// Returns every cell of the grid, in the order encoding, scope, layer, τ.
fn each_variant(
    context: ModelContext<'_>,
    query: &PromptQuery,
    memory: &str,
    grid: &Grid,
) -> Result<Vec<CellVariant>, MemoryError> {
    if query.tokens.is_empty() {
        return Err(ModelError::EmptyPrompt.into());
    }
    let mut variants = Vec::new();
    for &encoding in &grid.encodings {
        let how = MemoryEncoding {
            encoding,
            head: grid.head,
            bos: query.bos,
        };
        let vector = encode(context, memory, how)?;
        for scope in &grid.scopes {
            let at = resolve_scope(scope, &query.text, &query.tokens)?;
            for &layer in &grid.layers {
                context.model.check_layer(layer)?;
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
