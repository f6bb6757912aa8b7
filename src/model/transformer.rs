//! The instrumented forward pass: one transformer for every family.
//!
//! Block by block: `resid_pre → norm → attention → attn_out → (+) resid_mid → norm → MLP →
//! (+) resid_post`; GPT-J and GPT-NeoX run attention and MLP side by side from `resid_pre`.
//! Sequences of different lengths are packed row after row, so that each linear map is one
//! product over all of them and nothing is padded.

use super::attention::{Heads, attend};
use super::batch::{Segment, changes, fork_segments, keep, pack};
use super::config::{Block, Config, Mlp};
use super::error::ModelError;
use super::hooks::{Action, Cancel, Hooks, Positions};
use super::matrix::{Linear, Matrix};
use super::ops::{Norm, activate, gated};
use super::rope::{Angles, Rope};
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
        let mut segments = pack(sequences);
        // Which fork each segment behind the sequences is.
        let mut forked = Vec::new();
        let mut resid = self.embed(sequences);
        let lengths = segments.iter().map(|segment| segment.rows);
        let angles = self.rope.as_ref().map(|rope| rope.angles(lengths));
        let mut trace = Trace {
            lengths: sequences.iter().map(|tokens| tokens.len()).collect(),
            ..Trace::default()
        };
        for layer in 0..self.layers.len() {
            if cancel.is_cancelled() {
                return Err(ModelError::Cancelled);
            }
            let forks = fork_segments(layer, &segments, resid.rows, hooks);
            let pass = Pass {
                layer,
                captured: sequences.len(),
                angles: angles.as_ref(),
                hooks,
            };
            let (mut attended, mut kept) = self.attention(&pass, &segments, &resid);
            attended.fork(&mut resid, &forks, hooks);
            for (fork, segment) in forks {
                forked.push(fork);
                segments.push(segment);
            }
            self.mlp(&pass, &segments, &mut resid, attended, &mut kept);
            trace.layers.push(kept);
        }
        trace.resid_final = keep(
            &resid,
            &segments[..sequences.len()],
            &hooks.capture.resid_final,
        );
        if hooks.capture.logits != Positions::None {
            // Sequences first, then the forks in the order in which they were asked for.
            let mut order: Vec<usize> = (0..forked.len()).collect();
            order.sort_by_key(|at| forked[*at]);
            let (own, forks) = segments.split_at(sequences.len());
            let forks = order.into_iter().map(|at| forks[at].clone());
            let ordered: Vec<Segment> = own.iter().cloned().chain(forks).collect();
            let last = keep(&resid, &ordered, &hooks.capture.logits);
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

    /// The first half of a block: what attention adds to the residual.
    fn attention(
        &self,
        pass: &Pass<'_>,
        segments: &[Segment],
        resid: &Matrix,
    ) -> (Attended, LayerTrace) {
        let layer = &self.layers[pass.layer];
        let capture = &pass.hooks.capture;
        let captured = &segments[..pass.captured];
        let mut kept = LayerTrace {
            resid_pre: keep(resid, captured, &capture.resid_pre),
            ..LayerTrace::default()
        };
        let normed = layer.attention_norm.forward(resid);
        let heads = self.heads(pass.layer);
        let mut qkv = layer.qkv.forward(&normed);
        self.place(layer, &mut qkv, pass, segments);
        let (mut z, mut attention) = attend(&qkv, segments, heads, |segment| {
            segment.rows_of(capture.attention.range(segment.length()))
        });
        attention.truncate(pass.captured);
        kept.attention = attention;
        self.change_heads(&mut z, pass, segments);
        kept.z = keep(&z, captured, &capture.z);
        let mut out = layer.output.forward(&z);
        change_attn_out(&mut out, pass, segments);
        kept.attn_out = keep(&out, captured, &capture.attn_out);
        (Attended { normed, out }, kept)
    }

    /// The second half: both additions to the residual, in place.
    fn mlp(
        &self,
        pass: &Pass<'_>,
        segments: &[Segment],
        resid: &mut Matrix,
        attended: Attended,
        kept: &mut LayerTrace,
    ) {
        let layer = &self.layers[pass.layer];
        let Attended { normed, out } = attended;
        let input = match (self.config.block, &layer.mlp_norm) {
            (Block::Sequential, Some(norm)) => {
                resid.add(&out);
                norm.forward(resid)
            }
            (Block::Parallel, Some(norm)) => {
                let input = norm.forward(resid);
                resid.add(&out);
                input
            }
            (_, _) => {
                resid.add(&out);
                normed
            }
        };
        let mut hidden = layer.up.forward(&input);
        match self.config.mlp {
            Mlp::Plain(activation) => activate(&mut hidden, activation),
            Mlp::Gated(activation) => hidden = gated(&hidden, activation),
        }
        let mlp_out = layer.down.forward(&hidden);
        let captured = &segments[..pass.captured];
        kept.mlp_out = keep(&mlp_out, captured, &pass.hooks.capture.mlp_out);
        resid.add(&mlp_out);
    }

    fn heads(&self, layer: usize) -> Heads {
        Heads {
            queries: self.config.heads,
            keys: self.config.kv_heads,
            head_dim: self.config.head_dim,
            scale: self.config.scale(layer),
            window: self.config.windows[layer],
        }
    }

    /// Norms (Qwen3) and rotates queries and keys where they stand.
    fn place(&self, layer: &Layer, qkv: &mut Matrix, pass: &Pass<'_>, segments: &[Segment]) {
        let heads = self.heads(pass.layer);
        if self.rope.is_none() && layer.qk_norms.is_none() {
            return;
        }
        debug_assert_eq!(qkv.cols, heads.row_width());
        for segment in segments {
            for (position, row) in (segment.position..).zip(segment.range()) {
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
                    if let (Some(rope), Some(angles)) = (&self.rope, pass.angles) {
                        rope.rotate(vector, angles.at(position, segment.length()));
                    }
                }
            }
        }
    }

    fn change_heads(&self, z: &mut Matrix, pass: &Pass<'_>, segments: &[Segment]) {
        let head_dim = self.config.head_dim;
        for (action, rows) in changes(pass.layer, segments, pass.hooks) {
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

/// One layer of one pass.
struct Pass<'a> {
    layer: usize,
    /// How many of the segments are sequences; captures keep these only.
    captured: usize,
    /// Cosines and sines of the rotation.
    angles: Option<&'a Angles>,
    hooks: &'a Hooks,
}

/// What attention read and what it adds to the residual.
struct Attended {
    /// `[rows, width]`.
    normed: Matrix,
    /// `[rows, width]`.
    out: Matrix,
}

impl Attended {
    /// Lets forks leave their sequences: copies the rows from the first changed position on, and
    /// adds the fork's vector at the positions that it changes.
    fn fork(&mut self, resid: &mut Matrix, forks: &[(usize, Segment)], hooks: &Hooks) {
        for (index, segment) in forks {
            let fork = &hooks.forks[*index];
            let first = segment.origin + segment.position;
            let rows = first..first + segment.rows;
            for matrix in [&mut *resid, &mut self.normed, &mut self.out] {
                matrix.repeat(rows.clone());
            }
            for row in segment.rows_of(fork.at.range(segment.length())) {
                for (value, added) in self.out.row_mut(row).iter_mut().zip(fork.vector.iter()) {
                    *value += added;
                }
            }
        }
    }
}

fn change_attn_out(attn_out: &mut Matrix, pass: &Pass<'_>, segments: &[Segment]) {
    for (action, rows) in changes(pass.layer, segments, pass.hooks) {
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
