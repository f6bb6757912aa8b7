//! The instrumented forward pass: one transformer for every family.
//!
//! Block by block: `resid_pre → norm → attention → attn_out → (+) resid_mid → norm → MLP →
//! (+) resid_post`; GPT-J and GPT-NeoX run attention and MLP side by side from `resid_pre`.
//! Sequences of different lengths are packed row after row, so that each linear map is one
//! product over all of them and nothing is padded.

use super::attention::{Heads, Segment, attend};
use super::config::{Block, Config, Mlp};
use super::error::ModelError;
use super::hooks::{Action, Cancel, Hooks, Positions};
use super::matrix::{Linear, Matrix};
use super::ops::{Norm, activate, gated};
use super::rope::Rope;
use super::score::log_softmax_at;
use super::trace::{LayerTrace, Trace};

/// Rows of logits computed at a time where only log-probabilities are kept: bounds the memory of
/// a long prompt at `64 × vocab` values.
const LOGIT_ROWS: usize = 64;

/// The weights of one model, packed for the forward pass.
#[derive(Debug)]
pub(crate) struct Transformer {
    pub(crate) config: Config,
    /// Column t is the embedding e_t of token t. Also the head where the two are tied.
    pub(crate) embedding: Linear,
    /// `[context, width]`, where positions are learned.
    pub(crate) positions: Option<Matrix>,
    pub(crate) layers: Vec<Layer>,
    pub(crate) final_norm: Norm,
    /// Column t is w_t; absent where the embedding serves.
    pub(crate) head: Option<Linear>,
    pub(crate) rope: Option<Rope>,
}

/// The weights of one block.
#[derive(Debug)]
pub(crate) struct Layer {
    pub(crate) attention_norm: Norm,
    /// `[width] → [queries | keys | values]`.
    pub(crate) qkv: Linear,
    /// Norms of each head's query and key.
    pub(crate) qk_norms: Option<(Norm, Norm)>,
    pub(crate) output: Linear,
    /// Absent where the MLP reads what attention reads.
    pub(crate) mlp_norm: Option<Norm>,
    /// For a gated MLP the gate's outputs, then those of `up`.
    pub(crate) up: Linear,
    pub(crate) down: Linear,
}

impl Transformer {
    /// The output head: logits = `head.forward(final_norm(resid))`.
    pub(crate) fn head(&self) -> &Linear {
        self.head.as_ref().unwrap_or(&self.embedding)
    }

    /// Runs the model over `sequences`, none of them empty and all of ids in the vocabulary.
    ///
    /// # Errors
    /// [`ModelError::Cancelled`] where `cancel` was set between two layers.
    pub(crate) fn forward(
        &self,
        sequences: &[&[u32]],
        hooks: &Hooks,
        cancel: &Cancel,
    ) -> Result<Trace, ModelError> {
        let segments = pack(sequences);
        let mut resid = self.embed(sequences);
        let angles = self.rope.as_ref().map(|rope| {
            let longest = segments.iter().map(|s| s.rows).max().unwrap_or(0);
            (0..longest)
                .map(|position| rope.angles(position))
                .collect::<Vec<_>>()
        });
        let mut trace = Trace {
            lengths: sequences.iter().map(|tokens| tokens.len()).collect(),
            ..Trace::default()
        };
        for layer in 0..self.layers.len() {
            if cancel.is_cancelled() {
                return Err(ModelError::Cancelled);
            }
            let kept = self.block(layer, &mut resid, &segments, angles.as_deref(), hooks);
            trace.layers.push(kept);
        }
        trace.resid_final = keep(&resid, &segments, &hooks.capture.resid_final);
        if hooks.capture.logits != Positions::None {
            let last = keep(&resid, &segments, &hooks.capture.logits);
            trace.logits = self.head().forward(&self.final_norm.forward(&last));
        }
        if hooks.capture.token_logps {
            for (tokens, segment) in sequences.iter().zip(&segments) {
                if cancel.is_cancelled() {
                    return Err(ModelError::Cancelled);
                }
                trace
                    .token_logps
                    .push(self.token_logps(&resid, tokens, segment));
            }
        }
        Ok(trace)
    }

    /// Token embeddings, plus position vectors where they are learned.
    ///
    /// # Shapes
    /// → `[rows, width]`.
    fn embed(&self, sequences: &[&[u32]]) -> Matrix {
        let width = self.config.width;
        let mut data = Vec::with_capacity(sequences.iter().map(|s| s.len()).sum::<usize>() * width);
        for tokens in sequences {
            for (position, token) in tokens.iter().enumerate() {
                let start = data.len();
                data.extend(self.embedding.column(*token as usize));
                if let Some(positions) = &self.positions {
                    for (value, p) in data[start..].iter_mut().zip(positions.row(position)) {
                        *value += p;
                    }
                }
            }
        }
        Matrix {
            rows: data.len() / width,
            cols: width,
            data,
        }
    }

    /// One block, in place on the residual.
    fn block(
        &self,
        index: usize,
        resid: &mut Matrix,
        segments: &[Segment],
        angles: Option<&[Vec<(f32, f32)>]>,
        hooks: &Hooks,
    ) -> LayerTrace {
        let layer = &self.layers[index];
        let capture = &hooks.capture;
        let mut kept = LayerTrace {
            resid_pre: keep(resid, segments, &capture.resid_pre),
            ..LayerTrace::default()
        };
        let normed = layer.attention_norm.forward(resid);
        let heads = self.heads(index);
        let mut qkv = layer.qkv.forward(&normed);
        self.place(layer, &mut qkv, heads, segments, angles);
        let (mut z, attention) =
            attend(&qkv, segments, heads, |rows| capture.attention.range(rows));
        kept.attention = attention;
        self.change_heads(index, &mut z, segments, hooks);
        kept.z = keep(&z, segments, &capture.z);
        let mut attn_out = layer.output.forward(&z);
        change_attn_out(index, &mut attn_out, segments, hooks);
        kept.attn_out = keep(&attn_out, segments, &capture.attn_out);

        let mlp_input = match (self.config.block, &layer.mlp_norm) {
            (Block::Sequential, Some(norm)) => {
                resid.add(&attn_out);
                norm.forward(resid)
            }
            (Block::Parallel, Some(norm)) => {
                let input = norm.forward(resid);
                resid.add(&attn_out);
                input
            }
            (_, _) => {
                resid.add(&attn_out);
                normed
            }
        };
        let mlp_out = self.mlp(layer, &mlp_input);
        kept.mlp_out = keep(&mlp_out, segments, &capture.mlp_out);
        resid.add(&mlp_out);
        kept
    }

    fn mlp(&self, layer: &Layer, input: &Matrix) -> Matrix {
        let mut hidden = layer.up.forward(input);
        match self.config.mlp {
            Mlp::Plain(activation) => activate(&mut hidden, activation),
            Mlp::Gated(activation) => hidden = gated(&hidden, activation),
        }
        layer.down.forward(&hidden)
    }

    fn heads(&self, layer: usize) -> Heads {
        Heads {
            queries: self.config.heads,
            keys: self.config.kv_heads,
            head_dim: self.config.head_dim,
            scale: self.config.attention_scale,
            window: self.config.windows[layer],
        }
    }

    /// Norms (Qwen3) and rotates queries and keys where they stand.
    fn place(
        &self,
        layer: &Layer,
        qkv: &mut Matrix,
        heads: Heads,
        segments: &[Segment],
        angles: Option<&[Vec<(f32, f32)>]>,
    ) {
        if self.rope.is_none() && layer.qk_norms.is_none() {
            return;
        }
        debug_assert_eq!(qkv.cols, heads.row_width());
        for segment in segments {
            for (position, row) in segment.range().enumerate() {
                let placed = (heads.queries + heads.keys) * heads.head_dim;
                let vectors = qkv.row_mut(row)[..placed].chunks_exact_mut(heads.head_dim);
                for (head, vector) in vectors.enumerate() {
                    if let Some((query_norm, key_norm)) = &layer.qk_norms {
                        let norm = if head < heads.queries {
                            query_norm
                        } else {
                            key_norm
                        };
                        norm.row_in_place(vector);
                    }
                    if let (Some(rope), Some(angles)) = (&self.rope, angles) {
                        rope.rotate(vector, &angles[position]);
                    }
                }
            }
        }
    }

    fn change_heads(&self, layer: usize, z: &mut Matrix, segments: &[Segment], hooks: &Hooks) {
        let head_dim = self.config.head_dim;
        for (action, rows) in changes(layer, segments, hooks) {
            for row in rows {
                match action {
                    Action::ZeroHead(head) => {
                        z.row_mut(row)[head * head_dim..(head + 1) * head_dim].fill(0.0);
                    }
                    Action::ReplaceHead(head, vector) => {
                        z.row_mut(row)[head * head_dim..(head + 1) * head_dim]
                            .copy_from_slice(vector);
                    }
                    Action::AddAttnOut(_) | Action::ReplaceAttnOut(_) => {}
                }
            }
        }
    }

    /// Log-probability of every token but the first, a few rows of logits at a time.
    fn token_logps(&self, resid: &Matrix, tokens: &[u32], segment: &Segment) -> Vec<f32> {
        let mut logps = Vec::with_capacity(tokens.len().saturating_sub(1));
        let predicted: Vec<usize> = (segment.start..segment.start + tokens.len() - 1).collect();
        for (rows, next) in predicted
            .chunks(LOGIT_ROWS)
            .zip(tokens[1..].chunks(LOGIT_ROWS))
        {
            let normed = self.final_norm.forward(&resid.select(rows.iter().copied()));
            let logits = self.head().forward(&normed);
            for (row, token) in next.iter().enumerate() {
                logps.push(log_softmax_at(logits.row(row), *token as usize) as f32);
            }
        }
        logps
    }
}

/// Lays the sequences row after row.
fn pack(sequences: &[&[u32]]) -> Vec<Segment> {
    let mut start = 0;
    sequences
        .iter()
        .map(|tokens| {
            let segment = Segment {
                start,
                rows: tokens.len(),
            };
            start += tokens.len();
            segment
        })
        .collect()
}

/// The rows that `positions` names, sequence after sequence.
fn keep(values: &Matrix, segments: &[Segment], positions: &Positions) -> Matrix {
    if *positions == Positions::None {
        return Matrix::default();
    }
    values.select(segments.iter().flat_map(|segment| {
        positions
            .range(segment.rows)
            .map(|position| segment.start + position)
    }))
}

/// Each intervention of `layer` with the packed rows that it acts on.
fn changes<'a>(
    layer: usize,
    segments: &'a [Segment],
    hooks: &'a Hooks,
) -> impl Iterator<Item = (&'a Action, impl Iterator<Item = usize> + 'a)> + 'a {
    hooks
        .interventions
        .iter()
        .filter(move |change| change.layer == layer)
        .map(move |change| {
            let rows = segments
                .iter()
                .enumerate()
                .filter(move |(index, _)| change.sequence.is_none_or(|sequence| sequence == *index))
                .flat_map(move |(_, segment)| {
                    change
                        .at
                        .range(segment.rows)
                        .map(move |position| segment.start + position)
                });
            (&change.action, rows)
        })
}

fn change_attn_out(layer: usize, attn_out: &mut Matrix, segments: &[Segment], hooks: &Hooks) {
    for (action, rows) in changes(layer, segments, hooks) {
        for row in rows {
            match action {
                Action::AddAttnOut(vector) => {
                    for (value, added) in attn_out.row_mut(row).iter_mut().zip(vector.iter()) {
                        *value += added;
                    }
                }
                Action::ReplaceAttnOut(vector) => attn_out.row_mut(row).copy_from_slice(vector),
                Action::ZeroHead(_) | Action::ReplaceHead(..) => {}
            }
        }
    }
}
