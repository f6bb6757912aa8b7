//! What an answer loses when a head is silenced.

use std::sync::Arc;

use rayon::prelude::*;

use crate::lens::heads::own_outputs;
use crate::lens::run::Run;
use hoplens_runtime::{
    ActivationCache, Cancel, Capture, Fork, Hooks, Matrix, Model, ModelError, Positions, Reuse,
    TargetPositions,
};

/// Rows that the forks of one pass add at most: bounds its memory.
const ROWS: usize = 2_048;

/// How a head is silenced, at all positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ablation {
    /// z_h becomes zero.
    Zero,
    /// z_h becomes its mean over the prompt's positions.
    Mean,
}

/// `logp_first` of an answer after a run when one head is ablated, for each `(layer, head)` of
/// `heads` in turn: log of the summed probabilities of `first_tokens` (distinct, not empty).
///
/// Silencing a head adds −r_h\[p\] (or mean − r_h\[p\]) to its layer's attention output, so that
/// every ablation shares the clean run below its layer, and those of all layers go up together.
/// This is exact.
///
/// # Errors
/// As [`Model::forward`].
pub fn ablate_heads<'a>(
    model: &Model,
    run: impl Into<Run<'a>>,
    first_tokens: &[u32],
    heads: &[(usize, usize)],
    ablation: Ablation,
    cancel: &Cancel,
) -> Result<Vec<f64>, ModelError> {
    let run = run.into();
    let tokens = run.tokens;
    let outputs = outputs(model, run, heads, cancel)?;
    let chunk = (ROWS / tokens.len().max(1)).max(1);
    let mut logps = Vec::with_capacity(heads.len());
    for (heads, outputs) in heads.chunks(chunk).zip(outputs.chunks(chunk)) {
        let forks = heads
            .iter()
            .zip(outputs)
            .map(|((layer, _), outputs)| Fork {
                sequence: 0,
                layer: *layer,
                at: TargetPositions::All,
                vector: silence(outputs, ablation),
            })
            .collect();
        let hooks = Hooks {
            forks,
            reuse: Reuse::Residuals,
            ..Hooks::capture(Capture {
                first_tokens: first_tokens.to_vec(),
                ..Capture::default()
            })
        };
        let trace = model.forward(&[tokens], &run.hooks(hooks), cancel)?;
        let readings = trace.first_token_scores;
        logps.extend(readings[1..].iter().map(|reading| reading.logp_first));
    }
    Ok(logps)
}

/// What ablating each of `heads` would change in `logp_first`, to first order: the slope by the
/// attention outputs times −r_h. An estimate, from one pass forwards and one back.
///
/// # Errors
/// As [`Model::attn_out_gradients`].
pub fn estimate_ablations<'a>(
    model: &Model,
    run: impl Into<Run<'a>>,
    first_tokens: &[u32],
    heads: &[(usize, usize)],
    cancel: &Cancel,
) -> Result<Vec<f64>, ModelError> {
    for (layer, head) in heads {
        model.check_layer(*layer)?;
        model.check_head(*head)?;
    }
    let run = run.into();
    let slopes = model.attn_out_gradients(run.tokens, first_tokens, run.interventions, cancel)?;
    let trace = z_everywhere(model, run, cancel)?;
    let dim = model.config().head_dim;
    // slope·r_h = (W_O·slope)_h·z_h, for all heads of a layer at once.
    let by_z: Vec<Matrix> = slopes
        .attn_out
        .iter()
        .enumerate()
        .map(|(layer, slope)| model.z_gradients(layer, slope))
        .collect();
    let change = |(layer, head): &(usize, usize)| -> f64 {
        let own = head * dim..(head + 1) * dim;
        let (slopes, z) = (&by_z[*layer], &trace.layers[*layer].z);
        let rows = (0..z.rows).map(|row| (&slopes.row(row)[own.clone()], &z.row(row)[own.clone()]));
        let products = rows.flat_map(|(slope, z)| slope.iter().zip(z));
        -products
            .map(|(slope, z)| f64::from(*slope) * f64::from(*z))
            .sum::<f64>()
    };
    Ok(heads.iter().map(change).collect())
}

/// r_h of each head at every position.
///
/// # Shapes
/// → one `[n, width]` a head.
fn outputs(
    model: &Model,
    run: Run<'_>,
    heads: &[(usize, usize)],
    cancel: &Cancel,
) -> Result<Vec<Matrix>, ModelError> {
    let trace = z_everywhere(model, run, cancel)?;
    heads
        .par_iter()
        .map(|(layer, head)| own_outputs(model, *layer, *head, &trace.layers[*layer].z))
        .collect()
}

/// A run that keeps every head's z at every position.
fn z_everywhere(
    model: &Model,
    run: Run<'_>,
    cancel: &Cancel,
) -> Result<ActivationCache, ModelError> {
    let hooks = Hooks {
        reuse: Reuse::Residuals,
        ..Hooks::capture(Capture {
            z: Positions::All,
            ..Capture::default()
        })
    };
    model.forward(&[run.tokens], &run.hooks(hooks), cancel)
}

/// What is added to the attention output so that the head is silent.
///
/// # Shapes
/// `outputs`: `[n, width]` → `[n, width]`.
fn silence(outputs: &Matrix, ablation: Ablation) -> Arc<[f32]> {
    let mut mean = vec![0.0; outputs.cols];
    if ablation == Ablation::Mean {
        for row in outputs.data.chunks_exact(outputs.cols) {
            for (mean, value) in mean.iter_mut().zip(row) {
                *mean += value / outputs.rows as f32;
            }
        }
    }
    let rows = outputs.data.chunks_exact(outputs.cols);
    rows.flat_map(|row| mean.iter().zip(row).map(|(mean, value)| mean - value))
        .collect()
}
