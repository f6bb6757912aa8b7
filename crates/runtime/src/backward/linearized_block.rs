//! One block, linearized at the activations of a pass.

use std::ops::Range;

use crate::activation_cache::LayerActivations;
use crate::backward::linearized_attention::{AttentionScratch, LinearizedAttention};
use crate::backward::linearized_mlp::LinearizedMlp;
use crate::config::Block;
use crate::error::ModelError;
use crate::matrix::Matrix;
use crate::pass::PassContext;
use crate::transformer::Transformer;

/// One block, linearized at the activations of one sequence: maps gradients of
/// `hook_resid_post` to those of `hook_resid_pre`, for any number of cotangents at once.
pub(super) struct LinearizedBlock<'a> {
    order: Block,
    mlp: LinearizedMlp<'a>,
    /// `None` in the first block: nothing below it needs gradients.
    attention: Option<LinearizedAttention<'a>>,
}

/// What a block is linearized for.
pub(super) struct Linearization {
    /// The positions whose gradients are computed. Those of earlier positions are not needed, and
    /// those of later ones are zero.
    pub(super) positions: Range<usize>,
    /// Whether the weights are transposed, which pays for many cotangents.
    pub(super) copies: bool,
}

/// Matrices that each call overwrites.
#[derive(Default)]
pub(super) struct BlockScratch {
    hidden_grads: Matrix,
    mlp_grads: Matrix,
    attention: AttentionScratch,
    attention_grads: Matrix,
}

impl<'a> LinearizedBlock<'a> {
    /// Linearizes block `index` at `kept`, which holds `resid_pre` and `attn_out` of every
    /// position from 0 on.
    ///
    /// # Errors
    /// A device failed.
    pub(super) fn new(
        transformer: &'a Transformer,
        index: usize,
        pass: &PassContext<'_>,
        kept: &LayerActivations,
        Linearization { positions, copies }: &Linearization,
    ) -> Result<Self, ModelError> {
        let order = transformer.config.block;
        let mut mlp_input = kept.resid_pre.select(positions.clone());
        if order == Block::Sequential {
            mlp_input.add(&kept.attn_out.select(positions.clone()));
        }
        let layer = &transformer.layers[index];
        let attention = || {
            let at = (transformer, index);
            LinearizedAttention::new(at, pass, &kept.resid_pre, positions.clone(), *copies)
        };
        Ok(Self {
            order,
            mlp: LinearizedMlp::new(layer, transformer.config.mlp, &mlp_input, *copies)?,
            attention: (index > 0).then(attention).transpose()?,
        })
    }

    /// Turns the gradients of `hook_resid_post` into those of `hook_resid_pre`, in place, and
    /// copies those of `hook_attn_out` to `attn_out`, if given. In the first block, those of
    /// `hook_resid_pre` are left out.
    ///
    /// # Shapes
    /// `grads`, `attn_out`: `[cotangents·positions, width]`: the positions of the first cotangent,
    /// then those of the second one, and so on.
    pub(super) fn backward(
        &self,
        grads: &mut Matrix,
        scratch: &mut BlockScratch,
        attn_out: Option<&mut Matrix>,
    ) {
        let BlockScratch {
            hidden_grads,
            mlp_grads,
            attention,
            attention_grads,
        } = scratch;
        self.mlp.backward(grads, hidden_grads, mlp_grads);
        if self.order == Block::Sequential {
            grads.add(mlp_grads);
        }
        if let Some(attn_out) = attn_out {
            attn_out.clone_from(grads);
        }
        let Some(linearized) = &self.attention else {
            return;
        };
        linearized.backward(grads, attention, attention_grads);
        if self.order != Block::Sequential {
            grads.add(mlp_grads);
        }
        grads.add(attention_grads);
    }
}
