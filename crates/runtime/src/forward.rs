//! The instrumented forward pass, the same for every family.
//!
//! A block computes `hook_resid_pre → norm → attention → hook_attn_out → (+) hook_resid_mid → norm
//! → MLP → hook_mlp_out → (+) hook_resid_post`; GPT-J and GPT-NeoX compute attention and MLP in
//! parallel from `hook_resid_pre`. Sequences of different lengths are packed row after row, so
//! that each linear map is one product over all of them and no row is padding.

use rayon::prelude::*;

use crate::activation_cache::{ActivationCache, LayerActivations};
use crate::batch::{KvSpan, Segment, fork_segments, pack};
use crate::error::ModelError;
use crate::hooks::{CancelToken, Hooks, Reuse};
use crate::matrix::{Matrix, add};
use crate::pass::{PassContext, ScratchBuffers};
use crate::read_rows::{BatchRows, FinalResidual, ReadRows};
use crate::run_cache::{CacheHit, CachedLayer, CachedRun, Residuals, Sequence};
use crate::transformer::Transformer;

impl Transformer {
    /// Runs the model over `sequences`, each of them non-empty with ids inside the vocabulary.
    ///
    /// `hits` holds a cached run for each sequence that can start from one. Returns the captured
    /// activations, and the runs to cache as `hooks.reuse` asks, of at most `budget` bytes each.
    ///
    /// # Errors
    /// [`ModelError::Cancelled`] where `cancel` was set between two layers.
    pub(crate) fn forward(
        &self,
        sequences: &[Sequence<'_>],
        hooks: &Hooks,
        hits: &[Option<CacheHit>],
        budget: usize,
        cancel: &CancelToken,
    ) -> Result<(ActivationCache, Vec<CachedRun>), ModelError> {
        let affordable = self.affordable(sequences, hooks.reuse, budget);
        let mut segments = pack(sequences, hooks, hits, &affordable);
        let lengths = || sequences.iter().map(|sequence| sequence.tokens.len());
        let first = first_position(&segments, hooks);
        let pass = PassContext {
            hooks,
            hits,
            sequences,
            angles: self.rope.as_ref().map(|rope| rope.angles(first, lengths())),
        };
        let mut scratch = ScratchBuffers::default();
        let mut resid = self.embed(sequences, &segments);
        let mut cache = ActivationCache {
            lengths: lengths().collect(),
            ..ActivationCache::default()
        };
        let recorded: Vec<Reuse> = segments
            .iter()
            .zip(&affordable)
            .map(|(segment, affordable)| to_record(segment, &pass, *affordable))
            .collect();
        let mut records: Vec<Vec<CachedLayer>> = segments.iter().map(|_| Vec::new()).collect();
        // The index of the fork that each segment after the sequences is.
        let mut forked = Vec::new();
        let mut read = ReadRows::default();
        for index in 0..self.layers.len() {
            if cancel.is_cancelled() {
                return Err(ModelError::Cancelled);
            }
            let own = &segments[..sequences.len()];
            let forks = fork_segments(index, own, sequences, resid.rows, hooks);
            if resid.rows == 0 && forks.is_empty() {
                // The cache supplies every position up to here.
                cache.layers.push(LayerActivations::default());
                continue;
            }
            let mut kept = self.attention(&pass, index, &segments, &resid, &mut scratch)?;
            for ((segment, layers), reuse) in segments.iter().zip(&mut records).zip(&recorded) {
                if *reuse != Reuse::Nothing {
                    let mut layer = self.record(&pass, index, segment, &scratch);
                    if *reuse == Reuse::Residuals {
                        let block = self.config.block;
                        let rows = segment.range();
                        layer.record_residuals(block, rows, &resid, &scratch.attn_out);
                    }
                    layers.push(layer);
                }
            }
            pass.append_forks(index, &forks, &segments, &mut resid, &mut scratch.attn_out);
            for fork in forks {
                forked.push(fork.index);
                segments.push(fork.segment);
            }
            cache.computed = resid.rows;
            if index + 1 == self.layers.len() {
                read = ReadRows::after_last_attention(&pass, &segments, &forked, &recorded);
                read.retain(&mut resid);
                read.retain(&mut scratch.attn_out);
            }
            let rows = BatchRows {
                segments: &segments,
                read: &read,
            };
            kept.mlp_out = self.mlp(&pass, index, rows, &mut resid, &mut scratch)?;
            cache.layers.push(kept);
        }
        let last = FinalResidual {
            resid: &resid,
            read: &read,
        };
        // The sequences, then the forks in the order in which the hooks list them.
        let (own, fork_segments) = segments.split_at(sequences.len());
        let mut order: Vec<usize> = (0..forked.len()).collect();
        order.sort_by_key(|at| forked[*at]);
        let ordered: Vec<Segment> = own
            .iter()
            .cloned()
            .chain(order.into_iter().map(|at| fork_segments[at].clone()))
            .collect();
        self.read_out(&pass, &ordered, &last, &mut cache, cancel)?;
        let runs = runs_to_cache(&pass, own, &last, &cache, records);
        Ok((cache, runs))
    }

    /// How much of each sequence the budget can hold; earlier sequences come first.
    fn affordable(&self, sequences: &[Sequence<'_>], wanted: Reuse, budget: usize) -> Vec<Reuse> {
        let config = &self.config;
        let keys = 2 * config.kv_heads * config.head_dim;
        let residuals = Residuals::row_width(config);
        let mut left = budget;
        let affordable = |sequence: &Sequence<'_>| {
            let bytes = |per_layer: usize| {
                let token = config.layers * per_layer + config.width;
                token * sequence.tokens.len() * size_of::<f32>()
            };
            let (reuse, bytes) = match wanted {
                Reuse::Residuals | Reuse::Reference if bytes(keys + residuals) <= left => {
                    (Reuse::Residuals, bytes(keys + residuals))
                }
                Reuse::Residuals | Reuse::Reference | Reuse::Keys if bytes(keys) <= left => {
                    (Reuse::Keys, bytes(keys))
                }
                _ => (Reuse::Nothing, 0),
            };
            left -= bytes;
            reuse
        };
        sequences.iter().map(affordable).collect()
    }

    /// Token embeddings of the rows of a batch, plus position vectors where they are learned.
    ///
    /// # Shapes
    /// → `[rows, width]`.
    pub(crate) fn embed(&self, sequences: &[Sequence<'_>], segments: &[Segment]) -> Matrix {
        let width = self.config.width;
        let rows = segments.iter().map(|segment| segment.rows).sum();
        let tokens = sequences
            .iter()
            .zip(segments)
            .flat_map(|(sequence, segment)| {
                let tokens = sequence.tokens.iter().enumerate();
                tokens.skip(segment.position)
            });
        let tokens: Vec<(usize, &u32)> = tokens.collect();
        let mut resid = Matrix::zeros(rows, width);
        let targets = resid.data.par_chunks_exact_mut(width);
        targets.zip(tokens).for_each(|(target, (position, token))| {
            let values = self.embedding.column_values(*token as usize);
            for (target, value) in target.iter_mut().zip(values) {
                *target = value;
            }
            if let Some(positions) = &self.positions {
                add(target, positions.row(position));
            }
        });
        resid
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

/// What to cache of a sequence: nothing where a cached run or an earlier sequence of the batch
/// holds as much, and residuals only where the pass computes it from position 0 on.
fn to_record(segment: &Segment, pass: &PassContext<'_>, affordable: Reuse) -> Reuse {
    let hit = pass.hits.get(segment.sequence).and_then(Option::as_ref);
    let in_batch = |span: &KvSpan| matches!(span, KvSpan::Batch { .. });
    if segment.rows == 0
        || segment.past.iter().any(in_batch)
        || hit.is_some_and(|hit| hit.covers(segment.length(), affordable))
    {
        Reuse::Nothing
    } else if segment.position > 0 && affordable == Reuse::Residuals {
        Reuse::Keys
    } else {
        affordable
    }
}

/// The runs that a pass leaves in the cache, from the recorded layers of each sequence.
fn runs_to_cache(
    pass: &PassContext<'_>,
    segments: &[Segment],
    last: &FinalResidual<'_>,
    cache: &ActivationCache,
    records: Vec<Vec<CachedLayer>>,
) -> Vec<CachedRun> {
    let mut runs = Vec::new();
    for ((index, segment), layers) in segments.iter().enumerate().zip(records) {
        if layers.is_empty() {
            continue;
        }
        let hit = pass.hits.get(index).and_then(Option::as_ref);
        runs.push(CachedRun {
            tokens: pass.sequences[index].tokens.to_vec(),
            interventions: pass.sequences[index].interventions.to_vec(),
            rotation: pass.sequences[index].rotation,
            layers,
            resid_final: pass.final_rows(segment, 0, last),
            token_logps: match cache.token_logps.get(index) {
                Some(logps) => logps.clone(),
                None => hit.map_or(Vec::new(), |hit| hit.token_logps().to_vec()),
            },
        });
    }
    runs
}
