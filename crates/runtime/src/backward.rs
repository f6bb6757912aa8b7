//! The backward pass: gradients of an answer's log-probability with respect to every layer's
//! attention output.

mod kv_head;

use rayon::prelude::*;

use crate::activation_cache::LayerActivations;
use crate::backward::kv_head::{KvHeadGradients, kv_head_backward};
use crate::batch::Segment;
use crate::config::{Block, Mlp};
use crate::error::ModelError;
use crate::head_layout::HeadLayout;
use crate::hooks::{CancelToken, Capture, Hooks, Intervention, InterventionAction, Positions};
use crate::knockout::BlockedKeys;
use crate::logits::{FirstTokenScore, log_softmax, score_first_tokens};
use crate::matrix::Matrix;
use crate::model::Model;
use crate::ops::{activate, activation_derivative};
use crate::pass::PassContext;
use crate::run_cache::Sequence;
use crate::transformer::{LayerWeights, Transformer};

/// Gradients of the log-probability of the answers' first tokens with respect to `hook_attn_out`.
#[derive(Debug, Clone)]
pub struct AttnOutGradients {
    /// The score that the forward pass gave the first tokens.
    pub score: FirstTokenScore,
    /// For each layer `[n, width]`: `∂ logp_first / ∂ hook_attn_out[position]`, in nats.
    pub attn_out: Vec<Matrix>,
}

impl Model {
    /// The gradients of ln Σ p(t) over `first_tokens` (distinct, not empty) after `tokens`, with
    /// `interventions` applied. Costs one forward and one backward pass.
    ///
    /// # Errors
    /// As [`Model::forward`]; [`ModelError::NotFinite`] where the logits overflow.
    pub fn attn_out_gradients(
        &self,
        tokens: &[u32],
        first_tokens: &[u32],
        interventions: &[Intervention],
        cancel: &CancelToken,
    ) -> Result<AttnOutGradients, ModelError> {
        let hooks = Hooks {
            interventions: interventions.to_vec(),
            ..Hooks::capture(Capture {
                logits: Positions::Last,
                attn_out: Positions::All,
                resid_pre: Positions::All,
                resid_final: Positions::Last,
                first_tokens: first_tokens.to_vec(),
                ..Capture::default()
            })
        };
        let cache = self.forward(&[tokens], &hooks, cancel)?;
        let logits = cache.logits.row(0);
        let score = score_first_tokens(logits, first_tokens);
        if !score.logp_first.is_finite() {
            return Err(ModelError::NotFinite {
                model: self.info.name.clone(),
            });
        }
        let transformer = &self.transformer;
        let rope = transformer.rope.as_ref();
        let sequence = [Sequence {
            tokens,
            interventions,
            rotation: rope.map_or(0, |rope| rope.rotation(tokens.len())),
        }];
        let pass = PassContext {
            hooks: &hooks,
            hits: &[],
            sequences: &sequence,
            angles: rope.map(|rope| rope.angles(0, [tokens.len()].into_iter())),
        };
        let logits_grad = logits_gradient(logits, first_tokens, score);
        let backward = |_: &rayon::Scope<'_>| {
            let last = cache.resid_final.row(0);
            let normed_grad = transformer.head().backward(&logits_grad);
            let mut resid_grad = Matrix::zeros(tokens.len(), self.info.width);
            let target = resid_grad.row_mut(tokens.len() - 1);
            target.copy_from_slice(&transformer.final_norm.backward(last, normed_grad.row(0)));
            let mut attn_out = Vec::with_capacity(cache.layers.len());
            for (index, kept) in cache.layers.iter().enumerate().rev() {
                if cancel.is_cancelled() {
                    return Err(ModelError::Cancelled);
                }
                attn_out.push(transformer.block_backward(&pass, index, kept, &mut resid_grad)?);
            }
            attn_out.reverse();
            Ok(attn_out)
        };
        let attn_out = rayon::scope(backward)?;
        Ok(AttnOutGradients { score, attn_out })
    }
}

/// ∂ ln Σ p_t / ∂ logits for t in `first_tokens`: each token's share of that sum, minus its
/// probability.
///
/// # Shapes
/// `logits`: `[vocab]` → `[1, vocab]`.
fn logits_gradient(logits: &[f32], first_tokens: &[u32], score: FirstTokenScore) -> Matrix {
    let logps = log_softmax(logits);
    let mut data: Vec<f32> = logps.iter().map(|logp| -logp.exp() as f32).collect();
    for token in first_tokens {
        data[*token as usize] += (logps[*token as usize] - score.logp_first).exp() as f32;
    }
    Matrix {
        rows: 1,
        cols: data.len(),
        data,
    }
}

impl Transformer {
    /// Turns the gradient of `hook_resid_post` into that of `hook_resid_pre` in place, and returns
    /// the gradient of `hook_attn_out`.
    ///
    /// # Shapes
    /// `resid_grad`: `[n, width]` → `[n, width]`.
    ///
    /// # Errors
    /// A device failed.
    fn block_backward(
        &self,
        pass: &PassContext<'_>,
        index: usize,
        kept: &LayerActivations,
        resid_grad: &mut Matrix,
    ) -> Result<Matrix, ModelError> {
        let layer = &self.layers[index];
        let attn_out_grad = if self.config.block == Block::Sequential {
            let mut resid_mid = kept.resid_pre.clone();
            resid_mid.add(&kept.attn_out);
            resid_grad.add(&self.mlp_backward(layer, &resid_mid, resid_grad)?);
            resid_grad.clone()
        } else {
            let attn_out_grad = resid_grad.clone();
            resid_grad.add(&self.mlp_backward(layer, &kept.resid_pre, &attn_out_grad)?);
            attn_out_grad
        };
        // No layer below the first one needs the gradient.
        if index > 0 {
            resid_grad.add(&self.attention_backward(pass, index, kept, &attn_out_grad)?);
        }
        Ok(attn_out_grad)
    }

    /// The gradient of the input of the norm before the MLP.
    ///
    /// # Shapes
    /// `resid`, `out_grad`: `[n, width]` → `[n, width]`.
    fn mlp_backward(
        &self,
        layer: &LayerWeights,
        resid: &Matrix,
        out_grad: &Matrix,
    ) -> Result<Matrix, ModelError> {
        let norm = layer.norm_before_mlp();
        // Holds the hidden values first, and their gradients after the loop.
        let mut hidden_grad = Matrix::default();
        layer
            .up
            .forward_into(&norm.forward(resid), &mut hidden_grad)?;
        let activated_grad = layer.down.backward(out_grad);
        let cols = hidden_grad.cols;
        hidden_grad
            .data
            .par_chunks_exact_mut(cols)
            .zip(activated_grad.data.par_chunks_exact(activated_grad.cols))
            .for_each(|(hidden, grad)| match self.config.mlp {
                Mlp::Plain(activation) => {
                    for (hidden, grad) in hidden.iter_mut().zip(grad) {
                        *hidden = grad * activation_derivative(activation, *hidden);
                    }
                }
                Mlp::Gated(activation) => {
                    let (gate, up) = hidden.split_at_mut(grad.len());
                    let mut activated = gate.to_vec();
                    activate(&mut activated, activation);
                    for (at, grad) in grad.iter().enumerate() {
                        gate[at] = grad * up[at] * activation_derivative(activation, gate[at]);
                        up[at] = grad * activated[at];
                    }
                }
            });
        Ok(norm.rows_backward(resid, &layer.up.backward(&hidden_grad)))
    }

    /// The gradient of the input of the norm before attention.
    ///
    /// # Shapes
    /// `out_grad`: `[n, width]` → `[n, width]`.
    fn attention_backward(
        &self,
        pass: &PassContext<'_>,
        index: usize,
        kept: &LayerActivations,
        out_grad: &Matrix,
    ) -> Result<Matrix, ModelError> {
        let layer = &self.layers[index];
        let heads = self.head_layout(index);
        let n = out_grad.rows;
        let z_grad = self.z_backward(pass, index, out_grad);
        let mut projected = Matrix::default();
        let normed = layer.attention_norm.forward(&kept.resid_pre);
        layer.qkv.forward_into(&normed, &mut projected)?;
        let segments = [Segment {
            start: 0,
            rows: n,
            sequence: 0,
            position: 0,
            past: Vec::new(),
        }];
        let mut rotated = projected.clone();
        self.apply_qk_norm_and_rope(pass, index, &segments, &mut rotated);
        let blocked = BlockedKeys::new(index, &pass.hooks.interventions);
        let gradients: Vec<KvHeadGradients> = (0..heads.keys)
            .into_par_iter()
            .map(|kv_head| kv_head_backward(heads, kv_head, &rotated, &z_grad, &blocked))
            .collect();
        let mut qkv_grad = Matrix::zeros(n, heads.row_width());
        for (kv_head, gradients) in gradients.iter().enumerate() {
            gradients.write(heads, kv_head, &mut qkv_grad);
        }
        self.qk_norm_and_rope_backward(layer, heads, pass, &projected, &mut qkv_grad);
        Ok(layer
            .attention_norm
            .rows_backward(&kept.resid_pre, &layer.qkv.backward(&qkv_grad)))
    }

    /// The gradient of `attn.hook_z`; zero where an intervention replaces the value.
    ///
    /// # Shapes
    /// `out_grad`: `[n, width]` → `[n, heads·head_dim]`.
    fn z_backward(&self, pass: &PassContext<'_>, index: usize, out_grad: &Matrix) -> Matrix {
        let head_dim = self.config.head_dim;
        let here = || {
            let all = pass.hooks.interventions.iter();
            all.filter(|change| change.layer == index)
        };
        let mut out_grad = out_grad.clone();
        for change in here() {
            if let InterventionAction::ReplaceAttnOut(_) = change.action {
                for row in change.at.range(out_grad.rows) {
                    out_grad.row_mut(row).fill(0.0);
                }
            }
        }
        let mut z_grad = self.layers[index].output.backward(&out_grad);
        for change in here() {
            if let InterventionAction::ZeroHead(head) | InterventionAction::ReplaceHead(head, _) =
                change.action
            {
                for row in change.at.range(z_grad.rows) {
                    z_grad.row_mut(row)[head * head_dim..(head + 1) * head_dim].fill(0.0);
                }
            }
        }
        z_grad
    }

    /// Turns the gradients of normed and rotated queries and keys into those of the projected
    /// ones, in place.
    ///
    /// # Shapes
    /// `projected`, `qkv_grad`: `[n, (H + 2·H_kv)·head_dim]`.
    fn qk_norm_and_rope_backward(
        &self,
        layer: &LayerWeights,
        heads: HeadLayout,
        pass: &PassContext<'_>,
        projected: &Matrix,
        qkv_grad: &mut Matrix,
    ) {
        let queries_and_keys = (heads.queries + heads.keys) * heads.head_dim;
        let cols = qkv_grad.cols;
        qkv_grad
            .data
            .par_chunks_exact_mut(cols)
            .zip(projected.data.par_chunks_exact(cols))
            .enumerate()
            .for_each(|(position, (grad, projected))| {
                let grads = grad[..queries_and_keys].chunks_exact_mut(heads.head_dim);
                let vectors = projected.chunks_exact(heads.head_dim);
                for (head, (grad, vector)) in grads.zip(vectors).enumerate() {
                    if let (Some(rope), Some(angles)) = (&self.rope, &pass.angles) {
                        let angles = angles.at(position, pass.sequences[0].rotation);
                        // The transpose of a rotation is the rotation by the negative angle.
                        let inverse: Vec<(f32, f32)> =
                            angles.iter().map(|(cos, sin)| (*cos, -sin)).collect();
                        rope.rotate(grad, &inverse);
                    }
                    if let Some((query_norm, key_norm)) = &layer.qk_norms {
                        let norm = if head < heads.queries {
                            query_norm
                        } else {
                            key_norm
                        };
                        let vector_grad = norm.backward(vector, grad);
                        grad.copy_from_slice(&vector_grad);
                    }
                }
            });
    }
}
