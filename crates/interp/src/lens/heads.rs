//! Head read-outs at the last position of a prompt: direct logit attribution and the unembed lens.

use crate::context::ModelContext;
use crate::lens::head_at::HeadAt;
use hoplens_runtime::{
    ActivationCache, Capture, Hooks, Matrix, MatrixView, Model, ModelError, Positions, PromptQuery,
    Reuse, log_softmax_at, top_k,
};

/// The read-outs of one head at the last position of a prompt.
#[derive(Debug, Clone, PartialEq)]
pub struct HeadReadout {
    /// Layer, from 0.
    pub layer: usize,
    /// Head, from 0.
    pub head: usize,
    /// Euclidean length of r_h.
    pub norm: f32,
    /// Direct logit attribution to the target token a: (r_h, centred for a `LayerNorm`) · s⊙γ⊙w_a,
    /// with s the final norm's scale, frozen at its clean value.
    pub direct_logit: f32,
    /// Attention pattern of the last position: `[positions]`.
    pub attention: Vec<f32>,
    /// Unembed lens: the tokens with the highest r_h·w_t (no norm), best first, and that score.
    pub top: Vec<(u32, f32)>,
}

/// The target's logit, attributed to the heads and to the rest of the model.
#[derive(Debug, Clone, PartialEq)]
pub struct LogitAttribution {
    /// All heads, ordered by layer, then head.
    pub heads: Vec<HeadReadout>,
    /// The target's logit as the model computes it.
    pub logit: f32,
    /// The target's natural log-probability.
    pub logp: f64,
    /// Euclidean length of the residual stream after the last block.
    pub residual_norm: f32,
    /// The share of the embedding, output biases, MLPs, β and the output head's bias. The heads'
    /// direct contributions and this add up to `logit`.
    pub rest: f32,
}

/// Reads every head at the last position of a prompt, for the token `target`; with the `top` tokens
/// of each head's unembed lens.
///
/// # Errors
/// As [`Model::forward`].
pub fn read_heads(
    context: ModelContext<'_>,
    query: &PromptQuery,
    target: u32,
    top: usize,
) -> Result<LogitAttribution, ModelError> {
    let trace = trace_last(context, query)?;
    let mut attribution = attribute_logit(context.model, &trace, target);
    if top > 0 {
        fill_top_tokens(context.model, &trace, &mut attribution.heads, top);
    }
    Ok(attribution)
}

/// Runs the prompt and captures what the read-outs of its last position need.
pub(super) fn trace_last(
    context: ModelContext<'_>,
    query: &PromptQuery,
) -> Result<ActivationCache, ModelError> {
    let hooks = Hooks {
        reuse: Reuse::Keys,
        interventions: query.interventions.clone(),
        ..Hooks::capture(Capture {
            logits: Positions::Last,
            attention: Positions::Last,
            z: Positions::Last,
            resid_pre: Positions::Last,
            mlp_out: Positions::Last,
            resid_final: Positions::Last,
            ..Capture::default()
        })
    };
    context
        .model
        .forward(&[&query.ids()], &hooks, context.cancel)
}

/// Attributes the target's logit at the last position of one sequence to the heads; leaves their
/// `top` empty.
pub(super) fn attribute_logit(
    model: &Model,
    trace: &ActivationCache,
    target: u32,
) -> LogitAttribution {
    let direction = Direction::new(model, trace.resid_final.row(0), target);
    let mut heads = Vec::with_capacity(model.info.layers * model.info.heads);
    let embedding = trace
        .layers
        .first()
        .map_or(0.0, |layer| direction.dot(layer.resid_pre.row(0)));
    let mut rest = embedding + direction.constant;
    for (layer, kept) in trace.layers.iter().enumerate() {
        let r = model.head_outputs(layer, kept.z.row(0));
        for head in 0..model.info.heads {
            let row = r.row(head);
            heads.push(HeadReadout {
                layer,
                head,
                norm: length(row),
                direct_logit: direction.dot(row) as f32,
                attention: kept
                    .attention
                    .first()
                    .map(|a| a.row(head).to_vec())
                    .unwrap_or_default(),
                top: Vec::new(),
            });
        }
        rest += direction.dot(kept.mlp_out.row(0));
        rest += model
            .attention_bias(layer)
            .map_or(0.0, |bias| direction.dot(bias));
    }
    LogitAttribution {
        heads,
        logit: trace.logits.row(0)[target as usize],
        logp: log_softmax_at(trace.logits.row(0), target as usize),
        residual_norm: length(trace.resid_final.row(0)),
        rest: rest as f32,
    }
}

fn length(vector: &[f32]) -> f32 {
    vector.iter().map(|v| v * v).sum::<f32>().sqrt()
}

/// Returns r_h of every head at the last position of a prompt, ordered by layer, then head.
///
/// # Shapes
/// → `[layers·heads, width]`.
///
/// # Errors
/// As [`Model::forward`].
pub fn last_outputs(context: ModelContext<'_>, query: &PromptQuery) -> Result<Matrix, ModelError> {
    let trace = trace_last(context, query)?;
    let mut outputs = Matrix {
        rows: 0,
        cols: context.model.info.width,
        data: Vec::new(),
    };
    for (layer, kept) in trace.layers.iter().enumerate() {
        outputs.append(&context.model.head_outputs(layer, kept.z.row(0)));
    }
    Ok(outputs)
}

/// Returns r_h = z_h·W_O^h of one head at the positions of its layer's `z`.
///
/// # Shapes
/// `z`: `[positions, heads·head_dim]` → `[positions, width]`.
///
/// # Errors
/// A head that does not exist.
pub(super) fn head_outputs(model: &Model, at: HeadAt, z: &Matrix) -> Result<Matrix, ModelError> {
    let weights = model.head_weights(at.layer, at.head)?;
    let (dim, width) = (weights.rows, weights.cols);
    let own = MatrixView::new(&z.data[at.head * dim..], z.rows, dim, z.cols);
    let mut outputs = Matrix::zeros(z.rows, width);
    let weights = MatrixView::new(&weights.data, dim, width, width);
    own.times(weights, 1.0, &mut outputs.data, width, false);
    Ok(outputs)
}

/// Fills in the `top` tokens of the unembed lens for some heads of a trace.
pub(super) fn fill_top_tokens(
    model: &Model,
    trace: &ActivationCache,
    heads: &mut [HeadReadout],
    top: usize,
) {
    let mut outputs = Matrix {
        rows: heads.len(),
        cols: model.info.width,
        data: Vec::with_capacity(heads.len() * model.info.width),
    };
    // Adjacent entries are mostly of one layer, whose outputs are computed together.
    let mut last: Option<(usize, Matrix)> = None;
    for head in &*heads {
        if last.as_ref().is_none_or(|(layer, _)| *layer != head.layer) {
            let z = trace.layers[head.layer].z.row(0);
            last = Some((head.layer, model.head_outputs(head.layer, z)));
        }
        if let Some((_, r)) = &last {
            outputs.data.extend_from_slice(r.row(head.head));
        }
    }
    let scores = model.unembed(&outputs);
    for (index, readout) in heads.iter_mut().enumerate() {
        let row = scores.row(index);
        readout.top = top_k(row, top)
            .iter()
            .map(|best| (best.token, row[best.token as usize]))
            .collect();
    }
}

/// The linear map from a component of the residual stream to its share of one token's logit.
struct Direction {
    /// s ⊙ γ ⊙ w_a: `[width]`.
    vector: Vec<f64>,
    /// Whether components are centred first (`LayerNorm`).
    centred: bool,
    /// β·w_a plus the output head's bias.
    constant: f64,
}

impl Direction {
    fn new(model: &Model, resid_final: &[f32], target: u32) -> Self {
        let (_, scale) = model.final_statistics(resid_final);
        let w = model.unembedding(target);
        let vector = w
            .iter()
            .zip(model.final_gain())
            .map(|(w, gain)| f64::from(*w) * f64::from(*gain) * f64::from(scale))
            .collect();
        let beta = model.final_bias().map_or(0.0, |bias| {
            bias.iter()
                .zip(&w)
                .map(|(b, w)| f64::from(*b) * f64::from(*w))
                .sum()
        });
        let constant = beta + f64::from(model.unembedding_bias(target));
        Self {
            vector,
            centred: model.centres(),
            constant,
        }
    }

    fn dot(&self, component: &[f32]) -> f64 {
        let mean = if self.centred {
            component.iter().map(|v| f64::from(*v)).sum::<f64>() / component.len() as f64
        } else {
            0.0
        };
        component
            .iter()
            .zip(&self.vector)
            .map(|(v, d)| (f64::from(*v) - mean) * d)
            .sum()
    }
}
