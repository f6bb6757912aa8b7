//! Head ablation: the log-probability that an answer loses without a head.

use std::sync::Arc;

use rayon::prelude::*;

use crate::context::ModelContext;
use crate::lens::head_at::HeadAt;
use crate::lens::heads::head_outputs;
use hoplens_runtime::{
    ActivationCache, Capture, Fork, Hooks, Matrix, ModelError, Positions, PromptQuery, Reuse,
    TargetPositions,
};

/// Rows (positions of forks) in one pass: bounds its memory.
const ROWS_PER_PASS: usize = 2_048;

/// What replaces a head's output, at all positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ablation {
    /// z_h becomes zero.
    Zero,
    /// z_h becomes its mean over the prompt's positions.
    Mean,
}

/// Returns `logp_first` of the query's answers with one head ablated, for each of `heads` in turn:
/// the log of the summed probabilities of the answers' first tokens (there must be one).
///
/// Ablating a head adds −r_h\[p\] (or mean − r_h\[p\]) to its layer's attention output. So every
/// ablation shares the clean run below its layer, and the ablations of all layers go through the
/// layers above in one batch. This is exact.
///
/// # Errors
/// As [`hoplens_runtime::Model::forward`].
pub fn ablate_heads(
    context: ModelContext<'_>,
    query: &PromptQuery,
    heads: &[HeadAt],
    ablation: Ablation,
) -> Result<Vec<f64>, ModelError> {
    let ids = query.ids();
    let first_tokens = query.first_tokens();
    let outputs = all_head_outputs(context, query, heads)?;
    let chunk = (ROWS_PER_PASS / ids.len().max(1)).max(1);
    let mut logps = Vec::with_capacity(heads.len());
    for (heads, outputs) in heads.chunks(chunk).zip(outputs.chunks(chunk)) {
        let forks = heads
            .iter()
            .zip(outputs)
            .map(|(head, outputs)| Fork {
                sequence: 0,
                layer: head.layer,
                at: TargetPositions::All,
                vector: ablation_vector(outputs, ablation),
            })
            .collect();
        let hooks = Hooks {
            forks,
            reuse: Reuse::Residuals,
            interventions: query.interventions.clone(),
            capture: Capture {
                first_tokens: first_tokens.clone(),
                ..Capture::default()
            },
        };
        let trace = context.model.forward(&[&ids], &hooks, context.cancel)?;
        let readings = trace.first_token_scores;
        logps.extend(readings[1..].iter().map(|reading| reading.logp_first));
    }
    Ok(logps)
}

/// Estimates the change of `logp_first` that ablating each of `heads` would cause, to first order:
/// the gradient with respect to the attention output times −r_h. Costs one forward and one backward
/// pass.
///
/// # Errors
/// As [`hoplens_runtime::Model::attn_out_gradients`]; a head that does not exist.
pub fn estimate_ablations(
    context: ModelContext<'_>,
    query: &PromptQuery,
    heads: &[HeadAt],
) -> Result<Vec<f64>, ModelError> {
    let ModelContext { model, cancel } = context;
    for at in heads {
        model.check_layer(at.layer)?;
        model.check_head(at.head)?;
    }
    let gradients = model.attn_out_gradients(
        &query.ids(),
        &query.first_tokens(),
        &query.interventions,
        cancel,
    )?;
    let trace = z_everywhere(context, query)?;
    let dim = model.config().head_dim;
    // grad·r_h = (W_O·grad)_h·z_h, for all heads of a layer at once.
    let z_gradients: Vec<Matrix> = gradients
        .attn_out
        .iter()
        .enumerate()
        .map(|(layer, grad)| model.z_gradients(layer, grad))
        .collect();
    let change = |at: &HeadAt| -> f64 {
        let dims = at.head * dim..(at.head + 1) * dim;
        let (grad, z) = (&z_gradients[at.layer], &trace.layers[at.layer].z);
        let rows = (0..z.rows).map(|row| (&grad.row(row)[dims.clone()], &z.row(row)[dims.clone()]));
        let products = rows.flat_map(|(grad, z)| grad.iter().zip(z));
        -products
            .map(|(grad, z)| f64::from(*grad) * f64::from(*z))
            .sum::<f64>()
    };
    Ok(heads.iter().map(change).collect())
}

/// Returns r_h of each head at every position.
///
/// # Shapes
/// → one `[positions, width]` for each head.
fn all_head_outputs(
    context: ModelContext<'_>,
    query: &PromptQuery,
    heads: &[HeadAt],
) -> Result<Vec<Matrix>, ModelError> {
    let trace = z_everywhere(context, query)?;
    heads
        .par_iter()
        .map(|at| head_outputs(context.model, *at, &trace.layers[at.layer].z))
        .collect()
}

/// Runs the prompt and captures every head's z at every position.
fn z_everywhere(
    context: ModelContext<'_>,
    query: &PromptQuery,
) -> Result<ActivationCache, ModelError> {
    let hooks = Hooks {
        reuse: Reuse::Residuals,
        interventions: query.interventions.clone(),
        ..Hooks::capture(Capture {
            z: Positions::All,
            ..Capture::default()
        })
    };
    context
        .model
        .forward(&[&query.ids()], &hooks, context.cancel)
}

/// Returns what is added to the attention output to ablate a head.
///
/// # Shapes
/// `outputs`: `[positions, width]` → `[positions, width]`.
fn ablation_vector(outputs: &Matrix, ablation: Ablation) -> Arc<[f32]> {
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
