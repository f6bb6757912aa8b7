//! The slope of an answer's log-probability by what is added at each layer: one pass forwards, one
//! back.

mod heads;

use heads::{Group, group_back};
use rayon::prelude::*;

use crate::attention::Heads;
use crate::batch::Segment;
use crate::block::Pass;
use crate::config::{Block, Mlp};
use crate::error::ModelError;
use crate::hooks::{Action, Cancel, Capture, Hooks, Intervention, Positions};
use crate::matrix::Matrix;
use crate::ops::{activate, slope};
use crate::resident::Model;
use crate::runs::Sequence;
use crate::score::{Reading, log_softmax, read};
use crate::trace::LayerTrace;
use crate::transformer::{Layer, Transformer};

/// How the log-probability of the answers' first tokens changes, to first order, with what is
/// added to each layer's attention output.
#[derive(Debug, Clone)]
pub struct Slopes {
    /// What the pass forwards found.
    pub reading: Reading,
    /// One per layer, `[n, width]`: `∂ logp_first / ∂ attn_out_l[position]`, in nats.
    pub attn_out: Vec<Matrix>,
}

impl Model {
    /// The slopes of the log of the summed probabilities of `first_tokens` (distinct, not empty)
    /// after `tokens`, with `interventions` in force.
    ///
    /// # Errors
    /// As [`Model::forward`]; [`ModelError::NotFinite`] where the logits overflow.
    pub fn slopes(
        &self,
        tokens: &[u32],
        first_tokens: &[u32],
        interventions: &[Intervention],
        cancel: &Cancel,
    ) -> Result<Slopes, ModelError> {
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
        let trace = self.forward(&[tokens], &hooks, cancel)?;
        let logits = trace.logits.row(0);
        let reading = read(logits, first_tokens);
        if !reading.logp_first.is_finite() {
            return Err(ModelError::NotFinite {
                model: self.info.name.clone(),
            });
        }
        let transformer = &self.transformer;
        let sequence = [Sequence {
            tokens,
            interventions,
            rotation: transformer
                .rope
                .as_ref()
                .map_or(0, |rope| rope.rotation(tokens.len())),
        }];
        let pass = Pass {
            hooks: &hooks,
            recalled: &[],
            sequences: &sequence,
            angles: transformer
                .rope
                .as_ref()
                .map(|rope| rope.angles(0, [tokens.len()].into_iter())),
        };
        let by_logits = slope_by_logits(logits, first_tokens, reading);
        let back = |_: &rayon::Scope<'_>| {
            let last = trace.resid_final.row(0);
            let by_normed = transformer.head().back(&by_logits);
            let mut by_resid = Matrix::zeros(tokens.len(), self.info.width);
            let target = by_resid.row_mut(tokens.len() - 1);
            target.copy_from_slice(&transformer.final_norm.back(last, by_normed.row(0)));
            let mut attn_out = Vec::with_capacity(trace.layers.len());
            for (index, kept) in trace.layers.iter().enumerate().rev() {
                if cancel.is_cancelled() {
                    return Err(ModelError::Cancelled);
                }
                attn_out.push(transformer.block_back(&pass, index, kept, &mut by_resid)?);
            }
            attn_out.reverse();
            Ok(attn_out)
        };
        let attn_out = rayon::scope(back)?;
        Ok(Slopes { reading, attn_out })
    }
}

/// ∂ ln Σ p_t / ∂ logits for t in `first_tokens`: each token's share of that sum, less its
/// probability.
///
/// # Shapes
/// `logits`: `[vocab]` → `[1, vocab]`.
fn slope_by_logits(logits: &[f32], first_tokens: &[u32], reading: Reading) -> Matrix {
    let logps = log_softmax(logits);
    let mut data: Vec<f32> = logps.iter().map(|logp| -logp.exp() as f32).collect();
    for token in first_tokens {
        data[*token as usize] += (logps[*token as usize] - reading.logp_first).exp() as f32;
    }
    Matrix {
        rows: 1,
        cols: data.len(),
        data,
    }
}

impl Transformer {
    /// Takes the slope by the residual after a block to that before it, in place, and returns that
    /// by the block's attention output.
    ///
    /// # Shapes
    /// `by_resid`: `[n, width]` → the same.
    ///
    /// # Errors
    /// A device refused.
    fn block_back(
        &self,
        pass: &Pass<'_>,
        index: usize,
        kept: &LayerTrace,
        by_resid: &mut Matrix,
    ) -> Result<Matrix, ModelError> {
        let layer = &self.layers[index];
        let by_attn_out = if self.config.block == Block::Sequential {
            let mut middle = kept.resid_pre.clone();
            middle.add(&kept.attn_out);
            by_resid.add(&self.mlp_back(layer, &middle, by_resid)?);
            by_resid.clone()
        } else {
            let by_attn_out = by_resid.clone();
            by_resid.add(&self.mlp_back(layer, &kept.resid_pre, &by_attn_out)?);
            by_attn_out
        };
        // Below the first layer nothing is asked.
        if index > 0 {
            by_resid.add(&self.attention_back(pass, index, kept, &by_attn_out)?);
        }
        Ok(by_attn_out)
    }

    /// The slope by what the MLP's norm reads.
    ///
    /// # Shapes
    /// `resid`, `by_out`: `[n, width]` → the same.
    fn mlp_back(
        &self,
        layer: &Layer,
        resid: &Matrix,
        by_out: &Matrix,
    ) -> Result<Matrix, ModelError> {
        let norm = layer.mlp_norm.as_ref().unwrap_or(&layer.attention_norm);
        let mut by_hidden = Matrix::default();
        layer
            .up
            .forward_into(&norm.forward(resid), &mut by_hidden)?;
        let by_activated = layer.down.back(by_out);
        let cols = by_hidden.cols;
        by_hidden
            .data
            .par_chunks_exact_mut(cols)
            .zip(by_activated.data.par_chunks_exact(by_activated.cols))
            .for_each(|(hidden, by)| match self.config.mlp {
                Mlp::Plain(activation) => {
                    for (hidden, by) in hidden.iter_mut().zip(by) {
                        *hidden = by * slope(activation, *hidden);
                    }
                }
                Mlp::Gated(activation) => {
                    let (gate, up) = hidden.split_at_mut(by.len());
                    let mut activated = gate.to_vec();
                    activate(&mut activated, activation);
                    for (at, by) in by.iter().enumerate() {
                        gate[at] = by * up[at] * slope(activation, gate[at]);
                        up[at] = by * activated[at];
                    }
                }
            });
        Ok(norm.rows_back(resid, &layer.up.back(&by_hidden)))
    }

    /// The slope by what the attention's norm reads.
    ///
    /// # Shapes
    /// `by_out`: `[n, width]` → the same.
    fn attention_back(
        &self,
        pass: &Pass<'_>,
        index: usize,
        kept: &LayerTrace,
        by_out: &Matrix,
    ) -> Result<Matrix, ModelError> {
        let layer = &self.layers[index];
        let heads = self.heads(index);
        let n = by_out.rows;
        let by_z = self.z_back(pass, index, by_out);
        let mut raw = Matrix::default();
        let normed = layer.attention_norm.forward(&kept.resid_pre);
        layer.qkv.forward_into(&normed, &mut raw)?;
        let segments = [Segment {
            start: 0,
            rows: n,
            sequence: 0,
            position: 0,
            past: Vec::new(),
        }];
        let mut placed = raw.clone();
        self.place(layer, index, &mut placed, pass, &segments);
        let groups: Vec<Group> = (0..heads.keys)
            .into_par_iter()
            .map(|group| group_back(heads, group, &placed, &by_z))
            .collect();
        let mut by_qkv = Matrix::zeros(n, heads.row_width());
        for (group, slopes) in groups.iter().enumerate() {
            slopes.write(heads, group, &mut by_qkv);
        }
        self.unplace(layer, heads, pass, &raw, &mut by_qkv);
        Ok(layer
            .attention_norm
            .rows_back(&kept.resid_pre, &layer.qkv.back(&by_qkv)))
    }

    /// The slope by every head's output z; none by what an intervention put there instead.
    fn z_back(&self, pass: &Pass<'_>, index: usize, by_out: &Matrix) -> Matrix {
        let head_dim = self.config.head_dim;
        let here = || {
            let all = pass.hooks.interventions.iter();
            all.filter(|change| change.layer == index)
        };
        let mut by_out = by_out.clone();
        for change in here() {
            if let Action::ReplaceAttnOut(_) = change.action {
                for row in change.at.range(by_out.rows) {
                    by_out.row_mut(row).fill(0.0);
                }
            }
        }
        let mut by_z = self.layers[index].output.back(&by_out);
        for change in here() {
            if let Action::ZeroHead(head) | Action::ReplaceHead(head, _) = change.action {
                for row in change.at.range(by_z.rows) {
                    by_z.row_mut(row)[head * head_dim..(head + 1) * head_dim].fill(0.0);
                }
            }
        }
        by_z
    }

    /// Takes the slopes by placed queries and keys to those by what was multiplied, in place.
    fn unplace(
        &self,
        layer: &Layer,
        heads: Heads,
        pass: &Pass<'_>,
        raw: &Matrix,
        by_qkv: &mut Matrix,
    ) {
        let placed = (heads.queries + heads.keys) * heads.head_dim;
        let cols = by_qkv.cols;
        by_qkv
            .data
            .par_chunks_exact_mut(cols)
            .zip(raw.data.par_chunks_exact(cols))
            .enumerate()
            .for_each(|(position, (by, raw))| {
                let vectors = by[..placed].chunks_exact_mut(heads.head_dim);
                for (head, (by, raw)) in vectors.zip(raw.chunks_exact(heads.head_dim)).enumerate() {
                    if let (Some(rope), Some(angles)) = (&self.rope, &pass.angles) {
                        let angles = angles.at(position, pass.sequences[0].rotation);
                        // A rotation is taken back by that of the negative angle.
                        let back: Vec<(f32, f32)> =
                            angles.iter().map(|(cos, sin)| (*cos, -sin)).collect();
                        rope.rotate(by, &back);
                    }
                    if let Some((query_norm, key_norm)) = &layer.qk_norms {
                        let norm = if head < heads.queries {
                            query_norm
                        } else {
                            key_norm
                        };
                        let back = norm.back(raw, by);
                        by.copy_from_slice(&back);
                    }
                }
            });
    }
}
