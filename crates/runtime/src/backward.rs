//! The backward pass: gradients of an answer's log-probability with respect to every layer's
//! attention output, and Jacobians of the final residual.

mod jacobian_trace;
mod kv_head;
mod lanes;
mod linearized_attention;
mod linearized_block;
mod linearized_mlp;
mod linearized_norm;
mod traced_pass;
mod transposed_map;

use crate::backward::linearized_block::{BlockScratch, Linearization};
use crate::backward::linearized_norm::LinearizedNorm;
use crate::backward::traced_pass::TracedPass;
use crate::error::ModelError;
use crate::hooks::{CancelToken, Capture, Intervention, Positions};
use crate::logits::{FirstTokenScore, log_softmax, score_first_tokens};
use crate::matrix::Matrix;
use crate::model::Model;

pub use jacobian_trace::JacobianTrace;

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
        let capture = Capture {
            logits: Positions::Last,
            resid_final: Positions::Last,
            first_tokens: first_tokens.to_vec(),
            ..Capture::default()
        };
        let traced = TracedPass::run(self, tokens, interventions, capture, cancel)?;
        let logits = traced.cache.logits.row(0);
        let score = score_first_tokens(logits, first_tokens);
        if !score.logp_first.is_finite() {
            return Err(ModelError::NotFinite {
                model: self.info.name.clone(),
            });
        }
        let logits_grad = logits_gradient(logits, first_tokens, score);
        let backward = |_: &rayon::Scope<'_>| {
            let mut grad = self.transformer.head().backward(&logits_grad);
            let last = &traced.cache.resid_final.data;
            LinearizedNorm::new(&self.transformer.final_norm, last).backward(&mut grad);
            let mut resid_grad = Matrix::zeros(tokens.len(), self.info.width);
            let target = resid_grad.row_mut(tokens.len() - 1);
            target.copy_from_slice(&grad.data);
            let linearization = Linearization {
                positions: 0..tokens.len(),
                copies: false,
            };
            let mut scratch = BlockScratch::default();
            let mut attn_out = vec![Matrix::default(); self.info.layers];
            for (index, attn_out) in attn_out.iter_mut().enumerate().rev() {
                if cancel.is_cancelled() {
                    return Err(ModelError::Cancelled);
                }
                let block = traced.linearize(index, &linearization)?;
                block.backward(&mut resid_grad, &mut scratch, Some(attn_out));
            }
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
