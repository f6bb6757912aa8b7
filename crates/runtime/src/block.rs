//! One block of the transformer, in two halves; forks start between them.

use rayon::prelude::*;

use crate::activation_cache::LayerActivations;
use crate::attention::{AttentionInputs, attend};
use crate::batch::{KvLocation, Segment, interventions_of, keep};
use crate::config::{Block, Mlp};
use crate::error::ModelError;
use crate::hooks::InterventionAction;
use crate::knockout::BlockedKeys;
use crate::matrix::{Matrix, add};
use crate::ops::{activate, gated, rows_per_task};
use crate::pass::{PassContext, ScratchBuffers};
use crate::read_rows::BatchRows;
use crate::run_cache::CachedLayer;
use crate::transformer::Transformer;

impl Transformer {
    /// Computes the first half of block `index`: fills `scratch.attn_out` and returns the captured
    /// activations of the half.
    ///
    /// # Shapes
    /// `resid`: `[rows, width]` (`hook_resid_pre`) → `scratch.attn_out`: `[rows, width]`.
    ///
    /// # Errors
    /// A device failed.
    pub(crate) fn attention(
        &self,
        pass: &PassContext<'_>,
        index: usize,
        segments: &[Segment],
        resid: &Matrix,
        scratch: &mut ScratchBuffers,
    ) -> Result<LayerActivations, ModelError> {
        let layer = &self.layers[index];
        let capture = &pass.hooks.capture;
        let captured = &segments[..pass.sequences.len()];
        let mut kept = LayerActivations {
            resid_pre: keep(resid, captured, &capture.resid_pre),
            ..LayerActivations::default()
        };
        let ScratchBuffers {
            normed,
            qkv,
            z,
            attn_out,
            ..
        } = scratch;
        layer.attention_norm.forward_into(resid, normed);
        layer.qkv.forward_into(normed, qkv)?;
        self.apply_qk_norm_and_rope(pass, index, segments, qkv);
        let cached: Vec<Option<&Matrix>> = pass
            .hits
            .iter()
            .map(|hit| Some(&hit.as_ref()?.run.layers[index].keys_values))
            .collect();
        let blocked: Vec<BlockedKeys> = pass
            .sequences
            .iter()
            .map(|sequence| BlockedKeys::new(index, sequence.interventions))
            .collect();
        let inputs = AttentionInputs {
            qkv,
            blocked: &blocked,
            segments,
            captured: pass.sequences.len(),
            cached: &cached,
            heads: self.head_layout(index),
        };
        kept.attention = attend(&inputs, z, |segment| {
            segment.rows_of(capture.attention.range(segment.sequence, segment.length()))
        });
        self.intervene_on_z(z, index, pass, segments);
        kept.z = keep(z, captured, &capture.z);
        layer.output.forward_into(z, attn_out)?;
        intervene_on_attn_out(attn_out, index, pass, segments);
        kept.attn_out = keep(attn_out, captured, &capture.attn_out);
        Ok(kept)
    }

    /// Computes the second half of block `index` for the rows of the batch that are read: adds
    /// `hook_attn_out` and `hook_mlp_out` to the residual in place and returns the captured rows of
    /// `hook_mlp_out`.
    ///
    /// # Shapes
    /// `resid`, `scratch.attn_out`: `[read rows, width]`, `hook_resid_pre` before the call and `hook_resid_post` after it →
    /// `[kept, width]`.
    ///
    /// # Errors
    /// A device failed.
    pub(crate) fn mlp(
        &self,
        pass: &PassContext<'_>,
        index: usize,
        rows: BatchRows<'_>,
        resid: &mut Matrix,
        scratch: &mut ScratchBuffers,
    ) -> Result<Matrix, ModelError> {
        let layer = &self.layers[index];
        let ScratchBuffers {
            normed,
            attn_out,
            hidden,
            activated,
            mlp_out,
            ..
        } = scratch;
        let norm = layer.norm_before_mlp();
        if self.config.block == Block::Sequential {
            resid.add(attn_out);
            norm.forward_into(resid, normed);
        } else {
            norm.forward_into(resid, normed);
            resid.add(attn_out);
        }
        layer.up.forward_into(normed, hidden)?;
        let activated = match self.config.mlp {
            Mlp::Plain(activation) => {
                activate(&mut hidden.data, activation);
                &*hidden
            }
            Mlp::Gated(activation) => {
                gated(hidden, activation, activated);
                &*activated
            }
        };
        layer.down.forward_into(activated, mlp_out)?;
        intervene_on_mlp_out(mlp_out, index, pass, rows);
        let kept = rows.keep(mlp_out, pass.sequences.len(), &pass.hooks.capture.mlp_out);
        resid.add(mlp_out);
        Ok(kept)
    }

    /// Applies the norms of queries and keys (Qwen3) and their rotary positions, in place.
    ///
    /// # Shapes
    /// `qkv`: `[rows, (H + 2·H_kv)·head_dim]`.
    pub(crate) fn apply_qk_norm_and_rope(
        &self,
        pass: &PassContext<'_>,
        index: usize,
        segments: &[Segment],
        qkv: &mut Matrix,
    ) {
        let layer = &self.layers[index];
        let heads = self.head_layout(index);
        if self.rope.is_none() && layer.qk_norms.is_none() {
            return;
        }
        debug_assert_eq!(qkv.cols, heads.row_width());
        let positions: Vec<(usize, usize)> = segments
            .iter()
            .flat_map(|segment| {
                let rotation = pass.sequences[segment.sequence].rotation;
                let own = segment.position..segment.length();
                own.map(move |position| (position, rotation))
            })
            .collect();
        let queries_and_keys = (heads.queries + heads.keys) * heads.head_dim;
        let (cols, rows) = (qkv.cols, rows_per_task(qkv.cols));
        qkv.data
            .par_chunks_mut(cols * rows)
            .zip(positions.par_chunks(rows))
            .for_each(|(values, positions)| {
                for (row, &(position, rotation)) in values.chunks_exact_mut(cols).zip(positions) {
                    let vectors = row[..queries_and_keys].chunks_exact_mut(heads.head_dim);
                    for (head, vector) in vectors.enumerate() {
                        if let Some((query_norm, key_norm)) = &layer.qk_norms {
                            let norm = if head < heads.queries {
                                query_norm
                            } else {
                                key_norm
                            };
                            norm.row_in_place(vector);
                        }
                        if let (Some(rope), Some(angles)) = (&self.rope, &pass.angles) {
                            rope.rotate(vector, angles.at(position, rotation));
                        }
                    }
                }
            });
    }

    /// Applies the layer's interventions on `attn.hook_z`.
    fn intervene_on_z(
        &self,
        z: &mut Matrix,
        layer: usize,
        pass: &PassContext<'_>,
        segments: &[Segment],
    ) {
        let head_dim = self.config.head_dim;
        for (action, rows) in interventions_of(layer, segments, pass.hooks) {
            for row in rows {
                match action {
                    InterventionAction::ZeroHead(head) => {
                        z.row_mut(row)[head * head_dim..(head + 1) * head_dim].fill(0.0);
                    }
                    InterventionAction::ReplaceHead(head, vector) => {
                        z.row_mut(row)[head * head_dim..(head + 1) * head_dim]
                            .copy_from_slice(vector);
                    }
                    InterventionAction::AddAttnOut(_)
                    | InterventionAction::ReplaceAttnOut(_)
                    | InterventionAction::AddMlpOut(_)
                    | InterventionAction::BlockAttention(_) => {}
                }
            }
        }
    }

    /// The keys and values of a whole sequence in one layer, for the cache: those of the cached
    /// run that it started from and those that this pass computed. Without residuals.
    pub(crate) fn record(
        &self,
        pass: &PassContext<'_>,
        index: usize,
        segment: &Segment,
        scratch: &ScratchBuffers,
    ) -> CachedLayer {
        let columns = self.head_layout(index).keys_values();
        let mut keys_values = Matrix {
            rows: 0,
            cols: columns.len(),
            data: Vec::with_capacity(segment.length() * columns.len()),
        };
        for location in segment.locations() {
            keys_values.push_row(match location {
                KvLocation::Cached { run, position } => {
                    pass.cached_run(run).layers[index].keys_values.row(position)
                }
                KvLocation::Batch { row } => &scratch.qkv.row(row)[columns.clone()],
            });
        }
        CachedLayer {
            keys_values,
            residuals: None,
        }
    }
}

/// Applies the layer's interventions on `hook_attn_out`.
fn intervene_on_attn_out(
    attn_out: &mut Matrix,
    layer: usize,
    pass: &PassContext<'_>,
    segments: &[Segment],
) {
    for (action, rows) in interventions_of(layer, segments, pass.hooks) {
        for row in rows {
            match action {
                InterventionAction::AddAttnOut(vector) => add(attn_out.row_mut(row), vector),
                InterventionAction::ReplaceAttnOut(vector) => {
                    attn_out.row_mut(row).copy_from_slice(vector);
                }
                InterventionAction::ZeroHead(_)
                | InterventionAction::ReplaceHead(..)
                | InterventionAction::AddMlpOut(_)
                | InterventionAction::BlockAttention(_) => {}
            }
        }
    }
}

/// Applies the layer's interventions on `hook_mlp_out`.
fn intervene_on_mlp_out(
    mlp_out: &mut Matrix,
    layer: usize,
    pass: &PassContext<'_>,
    BatchRows { segments, read }: BatchRows<'_>,
) {
    for (action, rows) in interventions_of(layer, segments, pass.hooks) {
        if let InterventionAction::AddMlpOut(vector) = action {
            for row in rows.filter_map(|row| read.index(row)) {
                add(mlp_out.row_mut(row), vector);
            }
        }
    }
}
