//! The instrumented forward pass: one transformer for every family.
//!
//! Block by block: `resid_pre → norm → attention → attn_out → (+) resid_mid → norm → MLP →
//! (+) resid_post`; GPT-J and GPT-NeoX run attention and MLP side by side from `resid_pre`.
//! Sequences of different lengths are packed row after row, so that each linear map is one
//! product over all of them and nothing is padded.

use crate::batch::{Piece, Segment, fork_segments, pack};
use crate::block::{Pass, Scratch};
use crate::config::Config;
use crate::error::ModelError;
use crate::hooks::{Cancel, Hooks, Reuse};
use crate::linear::Linear;
use crate::matrix::{Matrix, add};
use crate::ops::Norm;
use crate::rope::Rope;
use crate::runs::{Recalled, Run, RunLayer, Sequence};
use crate::trace::{LayerTrace, Trace};

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

impl Layer {
    /// Its linear maps.
    pub(crate) fn maps(&self) -> [&Linear; 4] {
        [&self.qkv, &self.output, &self.up, &self.down]
    }

    fn maps_mut(&mut self) -> [&mut Linear; 4] {
        let maps = (
            &mut self.qkv,
            &mut self.output,
            &mut self.up,
            &mut self.down,
        );
        maps.into()
    }
}

impl Transformer {
    /// The output head: logits = `head.forward(final_norm(resid))`.
    pub(crate) fn head(&self) -> &Linear {
        self.head.as_ref().unwrap_or(&self.embedding)
    }

    /// Lets a device multiply the linear maps from now on.
    ///
    /// # Errors
    /// It has no room.
    pub(crate) fn reside(&mut self, device: &candle_core::Device) -> Result<(), ModelError> {
        for map in self.layers.iter_mut().flat_map(Layer::maps_mut) {
            map.reside(device)?;
        }
        self.head
            .as_mut()
            .unwrap_or(&mut self.embedding)
            .reside(device)
    }

    /// Runs the model over `sequences`, none of them empty and all of ids in the vocabulary.
    ///
    /// `recalled` holds, for each sequence that may begin from one, an earlier run. Beside the
    /// trace come the runs that `hooks.reuse` asks to be remembered, none of more than `budget`
    /// bytes.
    ///
    /// # Errors
    /// [`ModelError::Cancelled`] where `cancel` was set between two layers.
    pub(crate) fn forward(
        &self,
        sequences: &[Sequence<'_>],
        hooks: &Hooks,
        recalled: &[Option<Recalled>],
        budget: usize,
        cancel: &Cancel,
    ) -> Result<(Trace, Vec<Run>), ModelError> {
        let affordable = self.affordable(sequences, hooks.reuse, budget);
        let mut segments = pack(sequences, hooks, recalled, &affordable);
        let lengths = || sequences.iter().map(|sequence| sequence.tokens.len());
        let first = first_position(&segments, hooks);
        let pass = Pass {
            hooks,
            recalled,
            sequences,
            angles: self.rope.as_ref().map(|rope| rope.angles(first, lengths())),
        };
        let mut scratch = Scratch::default();
        let mut resid = self.embed(sequences, &segments);
        let mut trace = Trace {
            lengths: lengths().collect(),
            ..Trace::default()
        };
        let kept_runs: Vec<Reuse> = segments
            .iter()
            .zip(&affordable)
            .map(|(segment, affordable)| to_keep(segment, &pass, *affordable))
            .collect();
        let mut recorded: Vec<Vec<RunLayer>> = segments.iter().map(|_| Vec::new()).collect();
        // Which fork each segment behind the sequences is.
        let mut forked = Vec::new();
        for index in 0..self.layers.len() {
            if cancel.is_cancelled() {
                return Err(ModelError::Cancelled);
            }
            let forks = fork_segments(index, &segments[..sequences.len()], resid.rows, hooks);
            if resid.rows == 0 && forks.is_empty() {
                // Everything up to here is known.
                trace.layers.push(LayerTrace::default());
                continue;
            }
            let mut kept = self.attention(&pass, index, &segments, &resid, &mut scratch)?;
            for ((segment, layers), keeps) in segments.iter().zip(&mut recorded).zip(&kept_runs) {
                if *keeps != Reuse::Nothing {
                    layers.push(self.record(&pass, index, segment, *keeps, &resid, &scratch));
                }
            }
            pass.leave(index, &forks, &segments, &mut resid, &mut scratch.out);
            for (fork, _, segment) in forks {
                forked.push(fork);
                segments.push(segment);
            }
            self.mlp(&pass, index, &segments, &mut resid, &mut scratch, &mut kept)?;
            trace.layers.push(kept);
        }
        trace.computed = resid.rows;
        // Sequences first, then the forks in the order in which they were asked for.
        let (own, left) = segments.split_at(sequences.len());
        let mut order: Vec<usize> = (0..forked.len()).collect();
        order.sort_by_key(|at| forked[*at]);
        let ordered: Vec<Segment> = own
            .iter()
            .cloned()
            .chain(order.into_iter().map(|at| left[at].clone()))
            .collect();
        self.read_out(&pass, &ordered, &resid, &mut trace, cancel)?;
        let runs = runs(&pass, own, &resid, &trace, recorded);
        Ok((trace, runs))
    }

    /// What the budget can hold of each sequence, the first ones first.
    fn affordable(&self, sequences: &[Sequence<'_>], wanted: Reuse, budget: usize) -> Vec<Reuse> {
        let config = &self.config;
        let keys = 2 * config.kv_heads * config.head_dim;
        let mut left = budget;
        let of = |sequence: &Sequence<'_>| {
            let bytes = |of_a_layer: usize| {
                let token = config.layers * of_a_layer + config.width;
                token * sequence.tokens.len() * size_of::<f32>()
            };
            let (reuse, bytes) = match wanted {
                Reuse::Residuals if bytes(keys + 2 * config.width) <= left => {
                    (wanted, bytes(keys + 2 * config.width))
                }
                Reuse::Residuals | Reuse::Keys if bytes(keys) <= left => (Reuse::Keys, bytes(keys)),
                _ => (Reuse::Nothing, 0),
            };
            left -= bytes;
            reuse
        };
        sequences.iter().map(of).collect()
    }

    /// Token embeddings of the rows of a batch, plus position vectors where they are learned.
    ///
    /// # Shapes
    /// → `[rows, width]`.
    pub(super) fn embed(&self, sequences: &[Sequence<'_>], segments: &[Segment]) -> Matrix {
        let width = self.config.width;
        let rows = segments.iter().map(|segment| segment.rows).sum();
        let mut data = Vec::with_capacity(rows * width);
        for (sequence, segment) in sequences.iter().zip(segments) {
            for (position, token) in sequence.tokens.iter().enumerate().skip(segment.position) {
                let start = data.len();
                data.extend(self.embedding.column_values(*token as usize));
                if let Some(positions) = &self.positions {
                    add(&mut data[start..], positions.row(position));
                }
            }
        }
        Matrix {
            rows,
            cols: width,
            data,
        }
    }
}

/// The first position that a pass computes, in any sequence or fork.
fn first_position(segments: &[Segment], hooks: &Hooks) -> usize {
    let forks = hooks.forks.iter().filter_map(|fork| {
        let origin = segments.get(fork.sequence)?;
        Some(fork.at.range(origin.length()).start)
    });
    let own = segments.iter().filter(|segment| segment.rows > 0);
    let own = own.map(|segment| segment.position);
    own.chain(forks).min().unwrap_or(0)
}

/// What is kept of a sequence: nothing where a remembered run or an earlier sequence of the batch
/// says as much, and residuals only where it is computed from its first position on.
fn to_keep(segment: &Segment, pass: &Pass<'_>, affordable: Reuse) -> Reuse {
    let recalled = pass.recalled.get(segment.sequence);
    let known = recalled.and_then(Option::as_ref);
    let in_batch = |piece: &Piece| matches!(piece, Piece::Batch { .. });
    if segment.rows == 0
        || segment.past.iter().any(in_batch)
        || known.is_some_and(|known| known.says_all(segment.length(), affordable))
    {
        Reuse::Nothing
    } else if segment.position > 0 && affordable == Reuse::Residuals {
        Reuse::Keys
    } else {
        affordable
    }
}

/// The runs that a pass leaves.
fn runs(
    pass: &Pass<'_>,
    segments: &[Segment],
    resid: &Matrix,
    trace: &Trace,
    recorded: Vec<Vec<RunLayer>>,
) -> Vec<Run> {
    let mut runs = Vec::new();
    for ((index, segment), layers) in segments.iter().enumerate().zip(recorded) {
        if layers.is_empty() {
            continue;
        }
        let known = pass.recalled.get(index).and_then(Option::as_ref);
        runs.push(Run {
            tokens: pass.sequences[index].tokens.to_vec(),
            interventions: pass.sequences[index].interventions.to_vec(),
            rotation: pass.sequences[index].rotation,
            layers,
            resid_final: pass.final_rows(segment, 0, resid),
            token_logps: match trace.token_logps.get(index) {
                Some(logps) => logps.clone(),
                None => known.map_or(Vec::new(), |known| known.token_logps().to_vec()),
            },
        });
    }
    runs
}
