//! What an answer loses when a head is silenced.

use std::sync::Arc;

use rayon::prelude::*;

use crate::model::{
    Cancel, Capture, Fork, Hooks, Matrix, Model, ModelError, Positions, Reuse, Select, View,
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

/// `logp_first` of an answer after `tokens` when one head is ablated, for each `(layer, head)` of
/// `heads` in turn: log of the summed probabilities of `first_tokens` (distinct, not empty).
///
/// Silencing a head adds −r_h\[p\] (or mean − r_h\[p\]) to its layer's attention output, so that
/// every ablation shares the clean run below its layer, and those of all layers go up together.
/// This is exact.
///
/// # Errors
/// As [`Model::forward`].
pub fn ablate_heads(
    model: &Model,
    tokens: &[u32],
    first_tokens: &[u32],
    heads: &[(usize, usize)],
    ablation: Ablation,
    cancel: &Cancel,
) -> Result<Vec<f64>, ModelError> {
    let outputs = outputs(model, tokens, heads, cancel)?;
    let chunk = (ROWS / tokens.len().max(1)).max(1);
    let mut logps = Vec::with_capacity(heads.len());
    for (heads, outputs) in heads.chunks(chunk).zip(outputs.chunks(chunk)) {
        let forks = heads
            .iter()
            .zip(outputs)
            .map(|((layer, _), outputs)| Fork {
                sequence: 0,
                layer: *layer,
                at: Select::All,
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
        let readings = model.forward(&[tokens], &hooks, cancel)?.readings;
        logps.extend(readings[1..].iter().map(|reading| reading.logp_first));
    }
    Ok(logps)
}

/// What ablating each of `heads` would change in `logp_first`, to first order: the slope by the
/// attention outputs times −r_h. An estimate, from one pass forwards and one back.
///
/// # Errors
/// As [`Model::slopes`].
pub fn estimate_ablations(
    model: &Model,
    tokens: &[u32],
    first_tokens: &[u32],
    heads: &[(usize, usize)],
    cancel: &Cancel,
) -> Result<Vec<f64>, ModelError> {
    let slopes = model.slopes(tokens, first_tokens, &[], cancel)?;
    let outputs = outputs(model, tokens, heads, cancel)?;
    let change = |((layer, _), outputs): (&(usize, usize), &Matrix)| -> f64 {
        let slope = &slopes.attn_out[*layer].data;
        let products = slope.iter().zip(&outputs.data);
        -products
            .map(|(slope, r)| f64::from(*slope) * f64::from(*r))
            .sum::<f64>()
    };
    Ok(heads.iter().zip(&outputs).map(change).collect())
}

/// r_h of each head at every position.
///
/// # Shapes
/// → one `[n, width]` a head.
fn outputs(
    model: &Model,
    tokens: &[u32],
    heads: &[(usize, usize)],
    cancel: &Cancel,
) -> Result<Vec<Matrix>, ModelError> {
    let hooks = Hooks {
        reuse: Reuse::Residuals,
        ..Hooks::capture(Capture {
            z: Positions::All,
            ..Capture::default()
        })
    };
    let trace = model.forward(&[tokens], &hooks, cancel)?;
    let width = model.info.width;
    heads
        .par_iter()
        .map(|(layer, head)| {
            let weights = model.head_weights(*layer, *head)?;
            let z = &trace.layers[*layer].z;
            let own = View::new(&z.data[head * weights.rows..], z.rows, weights.rows, z.cols);
            let mut outputs = Matrix::zeros(z.rows, width);
            let weights = View::new(&weights.data, weights.rows, width, width);
            own.times(weights, 1.0, &mut outputs.data, width, false);
            Ok(outputs)
        })
        .collect()
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
