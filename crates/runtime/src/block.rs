//! One block of the transformer, in two halves, between which variants leave.

use rayon::prelude::*;

use crate::attention::{Heads, Inputs, attend};
use crate::batch::{Place, Segment, changes, keep};
use crate::config::{Block, Mlp};
use crate::error::ModelError;
use crate::hooks::{Action, Fork, Hooks, Reuse};
use crate::matrix::{Matrix, add};
use crate::ops::{activate, gated, rows_per_task};
use crate::rope::Angles;
use crate::runs::{Recalled, Residuals, Run, RunLayer, Sequence};
use crate::trace::LayerTrace;
use crate::transformer::{Layer, Transformer};

/// What all layers of one pass share.
pub(super) struct Pass<'a> {
    pub(super) hooks: &'a Hooks,
    /// The runs that sequences begin from.
    pub(super) recalled: &'a [Option<Recalled>],
    /// The sequences, which are the first segments; captures keep these only.
    pub(super) sequences: &'a [Sequence<'a>],
    /// Cosines and sines; none where nothing is rotated.
    pub(super) angles: Option<Angles>,
}

/// Matrices that every layer writes anew. They are kept from layer to layer because fresh memory
/// costs more than what is computed in it.
#[derive(Default)]
pub(super) struct Scratch {
    normed: Matrix,
    qkv: Matrix,
    z: Matrix,
    /// What attention adds to the residual: `[rows, width]`.
    pub(super) out: Matrix,
    hidden: Matrix,
    gated: Matrix,
    mlp_out: Matrix,
}

impl Transformer {
    /// The first half of a block: `scratch.out` becomes what attention adds to the residual.
    ///
    /// # Errors
    /// A device refused.
    pub(super) fn attention(
        &self,
        pass: &Pass<'_>,
        index: usize,
        segments: &[Segment],
        resid: &Matrix,
        scratch: &mut Scratch,
    ) -> Result<LayerTrace, ModelError> {
        let layer = &self.layers[index];
        let capture = &pass.hooks.capture;
        let captured = &segments[..pass.sequences.len()];
        let mut kept = LayerTrace {
            resid_pre: keep(resid, captured, &capture.resid_pre),
            ..LayerTrace::default()
        };
        let Scratch {
            normed,
            qkv,
            z,
            out,
            ..
        } = scratch;
        layer.attention_norm.forward_into(resid, normed);
        layer.qkv.forward_into(normed, qkv)?;
        self.place(layer, index, qkv, pass, segments);
        let runs: Vec<Option<&Matrix>> = pass
            .recalled
            .iter()
            .map(|recalled| Some(&recalled.as_ref()?.run.layers[index].keys_values))
            .collect();
        let inputs = Inputs {
            qkv,
            segments,
            captured: pass.sequences.len(),
            runs: &runs,
            heads: self.heads(index),
        };
        kept.attention = attend(&inputs, z, |segment| {
            segment.rows_of(capture.attention.range(segment.sequence, segment.length()))
        });
        self.change_heads(z, index, pass, segments);
        kept.z = keep(z, captured, &capture.z);
        layer.output.forward_into(z, out)?;
        change_attn_out(out, index, pass, segments);
        kept.attn_out = keep(out, captured, &capture.attn_out);
        Ok(kept)
    }

    /// The second half: both additions to the residual, in place.
    ///
    /// # Errors
    /// A device refused.
    pub(super) fn mlp(
        &self,
        pass: &Pass<'_>,
        index: usize,
        segments: &[Segment],
        resid: &mut Matrix,
        scratch: &mut Scratch,
        kept: &mut LayerTrace,
    ) -> Result<(), ModelError> {
        let layer = &self.layers[index];
        let Scratch {
            normed,
            out,
            hidden,
            gated: activated,
            mlp_out,
            ..
        } = scratch;
        let norm = layer.mlp_norm.as_ref().unwrap_or(&layer.attention_norm);
        if self.config.block == Block::Sequential {
            resid.add(out);
            norm.forward_into(resid, normed);
        } else {
            norm.forward_into(resid, normed);
            resid.add(out);
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
        change_mlp_out(mlp_out, index, pass, segments);
        let captured = &segments[..pass.sequences.len()];
        kept.mlp_out = keep(mlp_out, captured, &pass.hooks.capture.mlp_out);
        resid.add(mlp_out);
        Ok(())
    }

    /// Where the heads of a layer lie.
    pub(super) fn heads(&self, layer: usize) -> Heads {
        Heads {
            queries: self.config.heads,
            keys: self.config.kv_heads,
            head_dim: self.config.head_dim,
            scale: self.config.scale(layer),
            window: self.config.windows[layer],
        }
    }

    /// Norms (Qwen3) and rotates queries and keys where they stand.
    pub(super) fn place(
        &self,
        layer: &Layer,
        index: usize,
        qkv: &mut Matrix,
        pass: &Pass<'_>,
        segments: &[Segment],
    ) {
        let heads = self.heads(index);
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
        let placed = (heads.queries + heads.keys) * heads.head_dim;
        let (cols, rows) = (qkv.cols, rows_per_task(qkv.cols));
        qkv.data
            .par_chunks_mut(cols * rows)
            .zip(positions.par_chunks(rows))
            .for_each(|(values, positions)| {
                for (row, &(position, rotation)) in values.chunks_exact_mut(cols).zip(positions) {
                    let vectors = row[..placed].chunks_exact_mut(heads.head_dim);
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

    fn change_heads(&self, z: &mut Matrix, layer: usize, pass: &Pass<'_>, segments: &[Segment]) {
        let head_dim = self.config.head_dim;
        for (action, rows) in changes(layer, segments, pass.hooks) {
            for row in rows {
                match action {
                    Action::ZeroHead(head) => {
                        z.row_mut(row)[head * head_dim..(head + 1) * head_dim].fill(0.0);
                    }
                    Action::ReplaceHead(head, vector) => {
                        z.row_mut(row)[head * head_dim..(head + 1) * head_dim]
                            .copy_from_slice(vector);
                    }
                    Action::AddAttnOut(_) | Action::ReplaceAttnOut(_) | Action::AddMlpOut(_) => {}
                }
            }
        }
    }

    /// What a later pass can begin from: this layer of a sequence, put together from what was
    /// recalled and what was computed.
    pub(super) fn record(
        &self,
        pass: &Pass<'_>,
        index: usize,
        segment: &Segment,
        keeps: Reuse,
        resid: &Matrix,
        scratch: &Scratch,
    ) -> RunLayer {
        let columns = self.heads(index).keys_values();
        let mut keys_values = Matrix {
            rows: 0,
            cols: columns.len(),
            data: Vec::with_capacity(segment.length() * columns.len()),
        };
        for place in segment.places() {
            keys_values.push_row(match place {
                Place::Run { run, position } => {
                    pass.run(run).layers[index].keys_values.row(position)
                }
                Place::Batch { row } => &scratch.qkv.row(row)[columns.clone()],
            });
        }
        let residuals = (keeps == Reuse::Residuals).then(|| Residuals {
            pre: resid.select(segment.range()),
            attn_out: scratch.out.select(segment.range()),
        });
        RunLayer {
            keys_values,
            residuals,
        }
    }
}

impl Pass<'_> {
    /// The run that a sequence begins from, where a place says that it is there.
    pub(super) fn run(&self, sequence: usize) -> &Run {
        match self.recalled.get(sequence) {
            Some(Some(recalled)) => &recalled.run,
            _ => unreachable!("a place names a run that was recalled"),
        }
    }

    /// Lets the forks of a layer leave their sequences between the halves of its block: copies the
    /// rows from the first changed position on, and adds the fork's vector where it changes them.
    pub(super) fn leave(
        &self,
        index: usize,
        forks: &[(usize, &Fork, Segment)],
        segments: &[Segment],
        resid: &mut Matrix,
        out: &mut Matrix,
    ) {
        for (_, fork, segment) in forks {
            let origin = &segments[fork.sequence];
            for place in origin.places().skip(segment.position) {
                match place {
                    Place::Batch { row } => {
                        resid.repeat_row(row);
                        out.repeat_row(row);
                    }
                    Place::Run { run, position } => {
                        let Some(kept) = &self.run(run).layers[index].residuals else {
                            unreachable!("a fork leaves a run only where residuals were kept");
                        };
                        resid.push_row(kept.pre.row(position));
                        out.push_row(kept.attn_out.row(position));
                    }
                }
            }
            let width = out.cols;
            let changed = segment.rows_of(fork.at.range(segment.length()));
            for (position, row) in changed.enumerate() {
                let vector = if fork.vector.len() == width {
                    &fork.vector[..]
                } else {
                    &fork.vector[position * width..(position + 1) * width]
                };
                add(out.row_mut(row), vector);
            }
        }
    }
}

fn change_attn_out(attn_out: &mut Matrix, layer: usize, pass: &Pass<'_>, segments: &[Segment]) {
    for (action, rows) in changes(layer, segments, pass.hooks) {
        for row in rows {
            match action {
                Action::AddAttnOut(vector) => add(attn_out.row_mut(row), vector),
                Action::ReplaceAttnOut(vector) => attn_out.row_mut(row).copy_from_slice(vector),
                Action::ZeroHead(_) | Action::ReplaceHead(..) | Action::AddMlpOut(_) => {}
            }
        }
    }
}

fn change_mlp_out(mlp_out: &mut Matrix, layer: usize, pass: &Pass<'_>, segments: &[Segment]) {
    for (action, rows) in changes(layer, segments, pass.hooks) {
        if let Action::AddMlpOut(vector) = action {
            for row in rows {
                add(mlp_out.row_mut(row), vector);
            }
        }
    }
}
