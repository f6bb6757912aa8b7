//! Attention with the norm before it, linearized at the activations of a pass.

use std::ops::Range;

use rayon::prelude::*;

use crate::backward::kv_head::{KvHeadGradients, KvHeadInputs, kv_head_backward};
use crate::backward::linearized_norm::LinearizedNorm;
use crate::backward::transposed_map::TransposedMap;
use crate::batch::Segment;
use crate::error::ModelError;
use crate::head_layout::HeadLayout;
use crate::hooks::InterventionAction;
use crate::knockout::BlockedKeys;
use crate::matrix::Matrix;
use crate::pass::PassContext;
use crate::rope::Rope;
use crate::transformer::Transformer;

/// Attention with the norm before it, linearized at the activations of one sequence.
pub(super) struct LinearizedAttention<'a> {
    heads: HeadLayout,
    /// The positions whose gradients are computed.
    positions: Range<usize>,
    norm: LinearizedNorm<'a>,
    qkv: TransposedMap<'a>,
    output: TransposedMap<'a>,
    /// `[queries | keys | values]` of the sequence up to the last of `positions`, normed and
    /// rotated.
    rotated: Matrix,
    /// The norms of queries and keys, at each position's heads.
    qk_norms: Option<(LinearizedNorm<'a>, LinearizedNorm<'a>)>,
    rope: Option<InverseRope<'a>>,
    blocked: BlockedKeys,
    /// Positions at which an intervention replaces the attention's output, or one head's z.
    replaced: Vec<(Option<usize>, Range<usize>)>,
}

/// The inverse of the rotation of queries and keys.
struct InverseRope<'a> {
    rope: &'a Rope,
    /// Cosines and sines at each position.
    angles: Vec<Vec<(f32, f32)>>,
}

/// Matrices of gradients that each call overwrites.
#[derive(Default)]
pub(super) struct AttentionScratch {
    /// Those of `hook_attn_out`, where an intervention changes them.
    changed: Matrix,
    z: Matrix,
    qkv: Matrix,
}

impl<'a> LinearizedAttention<'a> {
    /// Linearizes the attention of layer `index` at what the norm before it reads.
    ///
    /// # Shapes
    /// `resid`: `[at least positions.end, width]`.
    ///
    /// # Errors
    /// A device failed.
    pub(super) fn new(
        (transformer, index): (&'a Transformer, usize),
        pass: &PassContext<'_>,
        resid: &Matrix,
        positions: Range<usize>,
        copies: bool,
    ) -> Result<Self, ModelError> {
        let layer = &transformer.layers[index];
        let heads = transformer.head_layout(index);
        let resid = resid.select(0..positions.end);
        let mut projected = Matrix::default();
        let normed = layer.attention_norm.forward(&resid);
        layer.qkv.forward_into(&normed, &mut projected)?;
        let qk_norms = layer.qk_norms.as_ref().map(|(query_norm, key_norm)| {
            let queries = heads.queries * heads.head_dim;
            let keys = queries + heads.keys * heads.head_dim;
            let linearize = |norm, columns: Range<usize>| {
                let rows = positions.clone();
                let values = rows.flat_map(|row| &projected.row(row)[columns.clone()]);
                LinearizedNorm::new(norm, &values.copied().collect::<Vec<f32>>())
            };
            (
                linearize(query_norm, 0..queries),
                linearize(key_norm, queries..keys),
            )
        });
        let segments = [Segment {
            start: 0,
            rows: positions.end,
            sequence: 0,
            position: 0,
            past: Vec::new(),
        }];
        let mut rotated = projected;
        transformer.apply_qk_norm_and_rope(pass, index, &segments, &mut rotated);
        let rope = transformer.rope.as_ref().zip(pass.angles.as_ref());
        let rope = rope.map(|(rope, angles)| {
            // The transpose of a rotation is the rotation by the negative angle.
            let inverse = |position: usize| {
                let angles = angles.at(position, pass.sequences[0].rotation);
                angles.iter().map(|(cos, sin)| (*cos, -sin)).collect()
            };
            InverseRope {
                rope,
                angles: positions.clone().map(inverse).collect(),
            }
        });
        let width = resid.cols;
        Ok(Self {
            heads,
            norm: LinearizedNorm::new(
                &layer.attention_norm,
                &resid.data[positions.start * width..],
            ),
            qkv: TransposedMap::new(&layer.qkv, copies),
            output: TransposedMap::new(&layer.output, copies),
            rotated,
            qk_norms,
            rope,
            blocked: BlockedKeys::new(index, &pass.hooks.interventions),
            replaced: replaced(pass, index, &positions),
            positions,
        })
    }

    /// The gradients of the norm's input.
    ///
    /// # Shapes
    /// `out_grads`: `[cotangents·positions, width]` → `in_grads`: the same.
    pub(super) fn backward(
        &self,
        out_grads: &Matrix,
        scratch: &mut AttentionScratch,
        in_grads: &mut Matrix,
    ) {
        self.z_backward(out_grads, scratch);
        let inputs = KvHeadInputs {
            heads: self.heads,
            positions: self.positions.clone(),
            rotated: &self.rotated,
            z_grads: &scratch.z,
            blocked: &self.blocked,
        };
        let gradients: Vec<KvHeadGradients> = (0..self.heads.keys)
            .into_par_iter()
            .map(|kv_head| kv_head_backward(&inputs, kv_head))
            .collect();
        let qkv_grads = &mut scratch.qkv;
        qkv_grads.reshape(out_grads.rows, self.heads.row_width());
        for (kv_head, gradients) in gradients.iter().enumerate() {
            gradients.write(self.heads, kv_head, qkv_grads);
        }
        self.qk_norm_and_rope_backward(qkv_grads);
        in_grads.reshape(out_grads.rows, out_grads.cols);
        self.qkv.multiply(qkv_grads, in_grads);
        self.norm.backward(in_grads);
    }

    /// Fills in the gradients of `attn.hook_z`; zero where an intervention replaces the value.
    ///
    /// # Shapes
    /// `out_grads`: `[cotangents·positions, width]` → `z_grads`: `[cotangents·positions,
    /// heads·head_dim]`.
    fn z_backward(&self, out_grads: &Matrix, scratch: &mut AttentionScratch) {
        let (n, head_dim) = (self.positions.len(), self.heads.head_dim);
        let rows = |range: &Range<usize>| {
            let range = range.clone();
            (0..out_grads.rows)
                .step_by(n)
                .flat_map(move |first| range.clone().map(move |row| first + row))
        };
        let AttentionScratch {
            changed,
            z: z_grads,
            ..
        } = scratch;
        let mut outputs = self.replaced.iter().filter(|(head, _)| head.is_none());
        let out_grads = if outputs.clone().next().is_some() {
            changed.clone_from(out_grads);
            outputs
                .by_ref()
                .flat_map(|(_, range)| rows(range))
                .for_each(|row| changed.row_mut(row).fill(0.0));
            &*changed
        } else {
            out_grads
        };
        z_grads.reshape(out_grads.rows, self.heads.queries * head_dim);
        self.output.multiply(out_grads, z_grads);
        for (head, range) in &self.replaced {
            if let Some(head) = head {
                for row in rows(range) {
                    z_grads.row_mut(row)[head * head_dim..(head + 1) * head_dim].fill(0.0);
                }
            }
        }
    }

    /// Turns the gradients of normed and rotated queries and keys into those of the projected
    /// ones, in place.
    ///
    /// # Shapes
    /// `qkv_grads`: `[cotangents·positions, (H + 2·H_kv)·head_dim]`.
    fn qk_norm_and_rope_backward(&self, qkv_grads: &mut Matrix) {
        if self.rope.is_none() && self.qk_norms.is_none() {
            return;
        }
        let HeadLayout {
            queries,
            keys,
            head_dim,
            ..
        } = self.heads;
        let cols = qkv_grads.cols;
        let rows = qkv_grads.data.par_chunks_exact_mut(cols).enumerate();
        rows.for_each(|(row, grads)| {
            let position = row % self.positions.len();
            let grads = grads[..(queries + keys) * head_dim].chunks_exact_mut(head_dim);
            for (head, grad) in grads.enumerate() {
                if let Some(InverseRope { rope, angles }) = &self.rope {
                    rope.rotate(grad, &angles[position]);
                }
                match &self.qk_norms {
                    Some((norm, _)) if head < queries => {
                        norm.backward_row(position * queries + head, grad);
                    }
                    Some((_, norm)) => norm.backward_row(position * keys + head - queries, grad),
                    None => {}
                }
            }
        });
    }
}

/// The rows of `positions` at which an intervention replaces the attention's output (`None`) or
/// the z of a head.
fn replaced(
    pass: &PassContext<'_>,
    index: usize,
    positions: &Range<usize>,
) -> Vec<(Option<usize>, Range<usize>)> {
    let here = pass.hooks.interventions.iter();
    let here = here.filter(|change| change.layer == index);
    here.filter_map(|change| {
        let head = match change.action {
            InterventionAction::ReplaceAttnOut(_) => None,
            InterventionAction::ZeroHead(head) | InterventionAction::ReplaceHead(head, _) => {
                Some(head)
            }
            InterventionAction::AddAttnOut(_)
            | InterventionAction::AddMlpOut(_)
            | InterventionAction::BlockAttention(_) => return None,
        };
        let range = change.at.range(positions.end);
        let row = |position: usize| position.max(positions.start) - positions.start;
        Some((head, row(range.start)..row(range.end)))
    })
    .collect()
}
