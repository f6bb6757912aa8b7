//! Cached runs: keys, values and residuals of earlier passes from which later ones start.
//!
//! Two sequences have equal activations at every position before the first token that differs and
//! before the first position that an intervention on only one of them changes. A pass that reuses a
//! cached run therefore computes only the positions from there on, and the result is exact.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use crate::config::{Block, Config};
use crate::hooks::{Hooks, Intervention, Reuse};
use crate::matrix::Matrix;

/// The activations of one sequence that a pass computed, and what determines them.
#[derive(Debug)]
pub(crate) struct CachedRun {
    pub(crate) tokens: Vec<u32>,
    /// The interventions on the sequence, with their field `sequence` set to `None`.
    pub(crate) interventions: Vec<Intervention>,
    /// See [`Sequence::rotation`].
    pub(crate) rotation: usize,
    pub(crate) layers: Vec<CachedLayer>,
    /// `[n, width]`: `hook_resid_post` of the last block, before the final norm.
    pub(crate) resid_final: Matrix,
    /// Log-probabilities of the tokens from the second one on; shorter than the sequence if a pass
    /// did not compute all of them.
    pub(crate) token_logps: Vec<f32>,
}

/// The cached activations of one layer.
#[derive(Debug, Default)]
pub(crate) struct CachedLayer {
    /// `[n, 2·H_kv·head_dim]`: the keys after RoPE, then the values; H_kv is the number of
    /// key-value heads.
    pub(crate) keys_values: Matrix,
    /// The residual stream, from which variants branch off; `None` if only keys and values are
    /// cached.
    pub(crate) residuals: Option<Residuals>,
}

/// The residual stream between the attention of a layer and its MLP, where forks start.
#[derive(Debug, Default)]
pub(crate) struct Residuals {
    /// `[n, width]`: `hook_resid_mid`; `hook_resid_pre` where attention and MLP are parallel.
    pub(crate) stream: Matrix,
    /// `[n, width]`: `hook_attn_out` after interventions, where attention and MLP are parallel: the
    /// MLP does not see it.
    pub(crate) attn_out: Option<Matrix>,
}

impl Residuals {
    /// Returns the number of values of one position.
    pub(crate) fn row_width(config: &Config) -> usize {
        match config.block {
            Block::Sequential => config.width,
            Block::Parallel | Block::ParallelSharedNorm => 2 * config.width,
        }
    }

    /// Returns the size of the matrices in bytes.
    fn bytes(&self) -> usize {
        self.stream.bytes() + self.attn_out.as_ref().map_or(0, Matrix::bytes)
    }
}

impl CachedLayer {
    /// Caches the residuals of one sequence: the rows `rows` of the batch.
    ///
    /// # Shapes
    /// `resid`, `attn_out`: `[batch rows, width]`.
    pub(crate) fn record_residuals(
        &mut self,
        block: Block,
        rows: Range<usize>,
        resid: &Matrix,
        attn_out: &Matrix,
    ) {
        let mut stream = resid.select(rows.clone());
        let mut attn_out = Some(attn_out.select(rows));
        if block == Block::Sequential
            && let Some(attn_out) = attn_out.take()
        {
            stream.add(&attn_out);
        }
        self.residuals = Some(Residuals { stream, attn_out });
    }

    /// Returns the size of the layer's matrices in bytes.
    fn bytes(&self) -> usize {
        self.keys_values.bytes() + self.residuals.as_ref().map_or(0, Residuals::bytes)
    }
}

impl CachedRun {
    /// Returns whether variants can branch off this run.
    pub(crate) fn has_residuals(&self) -> bool {
        self.layers.iter().all(|layer| layer.residuals.is_some())
    }

    /// Returns what determines the run's activations.
    fn sequence(&self) -> Sequence<'_> {
        Sequence {
            tokens: &self.tokens,
            interventions: &self.interventions,
            rotation: self.rotation,
        }
    }

    /// Returns the size of the run's matrices in bytes.
    fn bytes(&self) -> usize {
        self.resid_final.bytes() + self.layers.iter().map(CachedLayer::bytes).sum::<usize>()
    }
}

/// Everything that determines the activations of a sequence.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sequence<'a> {
    pub(crate) tokens: &'a [u32],
    /// The interventions on the sequence, with their field `sequence` set to `None`.
    pub(crate) interventions: &'a [Intervention],
    /// Identifies the RoPE angles of the positions: equal for two sequences whose positions
    /// rotate by the same angles ([`crate::rope::Rope::rotation`]).
    pub(crate) rotation: usize,
}

impl Sequence<'_> {
    /// Returns the number of leading positions at which two sequences have equal activations.
    pub(crate) fn shared(&self, other: &Self) -> usize {
        if self.rotation != other.rotation {
            return 0;
        }
        let pairs = self.tokens.iter().zip(other.tokens);
        let same_tokens = pairs.take_while(|(a, b)| a == b).count();
        if self.interventions == other.interventions {
            return same_tokens;
        }
        let first_changed = |intervention: &Intervention| intervention.at.first();
        self.interventions
            .iter()
            .chain(other.interventions)
            .map(first_changed)
            .fold(same_tokens, usize::min)
    }
}

/// Returns the interventions of `hooks` on one sequence of a pass, with their field `sequence` set
/// to `None`.
pub(crate) fn interventions_on(sequence: usize, hooks: &Hooks) -> Vec<Intervention> {
    hooks
        .interventions
        .iter()
        .filter(|intervention| {
            intervention
                .sequence
                .is_none_or(|target| target == sequence)
        })
        .map(|intervention| Intervention {
            sequence: None,
            ..intervention.clone()
        })
        .collect()
}

/// A cached run that shares its first positions with a sequence.
#[derive(Debug, Clone)]
pub(crate) struct CacheHit {
    pub(crate) run: Arc<CachedRun>,
    /// The number of leading positions at which the sequence and the run have equal activations.
    pub(crate) shared: usize,
}

impl CacheHit {
    /// Returns whether the run contains everything that `wanted` requires for a sequence of `len`
    /// tokens, so that nothing new has to be cached.
    pub(crate) fn covers(&self, len: usize, wanted: Reuse) -> bool {
        self.shared == len && (wanted != Reuse::Residuals || self.run.has_residuals())
    }

    /// Returns the log-probabilities of the shared tokens from the second one on, as far as they
    /// are known.
    pub(crate) fn token_logps(&self) -> &[f32] {
        let known = self.run.token_logps.len();
        &self.run.token_logps[..known.min(self.shared.saturating_sub(1))]
    }
}

/// The most recently used runs that fit a memory budget.
#[derive(Debug)]
pub(crate) struct RunCache {
    /// The runs in the order of their last use; the most recently used one is last.
    runs: VecDeque<Arc<CachedRun>>,
    /// The maximum size of all runs in bytes.
    budget: usize,
}

impl RunCache {
    /// Returns an empty cache of at most `budget` bytes.
    pub(crate) fn new(budget: usize) -> Self {
        Self {
            runs: VecDeque::new(),
            budget,
        }
    }

    /// Returns the maximum size of the cache in bytes.
    pub(crate) fn budget(&self) -> usize {
        self.budget
    }

    /// Returns the current size of the cache in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.runs.iter().map(|run| run.bytes()).sum()
    }

    /// Removes every run.
    pub(crate) fn clear(&mut self) {
        self.runs.clear();
    }

    /// Returns the run that shares most positions with a sequence, and marks it as most recently
    /// used. Among equals, a run with residuals is preferred. `None` if no run shares a position.
    pub(crate) fn find(&mut self, sequence: &Sequence<'_>) -> Option<CacheHit> {
        let rank = |run: &Arc<CachedRun>| (run.sequence().shared(sequence), run.has_residuals());
        let (index, (shared, _)) = self
            .runs
            .iter()
            .map(rank)
            .enumerate()
            .max_by_key(|(_, rank)| *rank)
            .filter(|(_, (shared, _))| *shared > 0)?;
        let run = self.runs.remove(index)?;
        self.runs.push_back(Arc::clone(&run));
        Some(CacheHit { run, shared })
    }

    /// Inserts a run. Removes the runs that it makes redundant, because it contains everything that
    /// they contain, and then the least recently used runs until the rest fits the budget. A run
    /// larger than the budget is not inserted.
    pub(crate) fn insert(&mut self, run: CachedRun) {
        if run.bytes() > self.budget {
            return;
        }
        self.runs.retain(|old| {
            let is_prefix = old.sequence().shared(&run.sequence()) == old.tokens.len();
            !is_prefix || (old.has_residuals() && !run.has_residuals())
        });
        self.runs.push_back(Arc::new(run));
        while self.bytes() > self.budget {
            self.runs.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hooks::{InterventionAction, TargetPositions};

    fn run(tokens: &[u32], interventions: &[Intervention]) -> CachedRun {
        CachedRun {
            tokens: tokens.to_vec(),
            interventions: interventions.to_vec(),
            rotation: 0,
            layers: Vec::new(),
            resid_final: Matrix::zeros(tokens.len(), 1),
            token_logps: Vec::new(),
        }
    }

    fn sequence<'a>(tokens: &'a [u32], interventions: &'a [Intervention]) -> Sequence<'a> {
        Sequence {
            tokens,
            interventions,
            rotation: 0,
        }
    }

    fn add(value: f32, at: TargetPositions) -> Intervention {
        Intervention {
            layer: 0,
            sequence: None,
            at,
            action: InterventionAction::AddAttnOut(Arc::new([value])),
        }
    }

    #[test]
    fn the_run_with_the_longest_shared_prefix_is_found() {
        let mut cache = RunCache::new(1 << 20);
        cache.insert(run(&[1, 2, 9], &[]));
        cache.insert(run(&[1, 2, 3, 9], &[]));
        let shared = |cache: &mut RunCache, tokens: &[u32]| {
            cache.find(&sequence(tokens, &[])).map(|hit| hit.shared)
        };
        assert_eq!(shared(&mut cache, &[1, 2, 3, 4]), Some(3));
        assert_eq!(shared(&mut cache, &[1, 2, 9, 4]), Some(3));
        assert_eq!(shared(&mut cache, &[1, 5]), Some(1));
        assert_eq!(shared(&mut cache, &[5]), None);
    }

    #[test]
    fn sequences_share_positions_before_the_first_different_intervention() {
        let everywhere = add(1.0, TargetPositions::All);
        let late = add(1.0, TargetPositions::Range(2..3));
        let tokens = [1, 2, 3, 4];
        let both = |a: &[&Intervention], b: &[&Intervention]| {
            let owned = |changes: &[&Intervention]| -> Vec<Intervention> {
                changes.iter().map(|change| (*change).clone()).collect()
            };
            sequence(&tokens, &owned(a)).shared(&sequence(&tokens, &owned(b)))
        };
        assert_eq!(both(&[], &[]), 4);
        assert_eq!(both(&[&everywhere], &[&everywhere]), 4);
        assert_eq!(both(&[&everywhere], &[]), 0);
        assert_eq!(both(&[], &[&late]), 2);
        assert_eq!(
            both(&[&late], &[&add(2.0, TargetPositions::Range(3..4))]),
            2
        );
        assert_eq!(both(&[&everywhere], &[&add(2.0, TargetPositions::All)]), 0);
    }

    #[test]
    fn sequences_with_different_rotations_share_nothing() {
        let (short, long) = (sequence(&[1, 2], &[]), sequence(&[1, 2, 3], &[]));
        assert_eq!(short.shared(&long), 2);
        let long = Sequence {
            rotation: 3,
            ..long
        };
        assert_eq!(short.shared(&long), 0);
    }

    #[test]
    fn the_least_recently_used_run_is_evicted_first() {
        // Three runs of two tokens, four bytes each.
        let mut cache = RunCache::new(24);
        for first in 1..=3 {
            cache.insert(run(&[first, 0], &[]));
        }
        assert_eq!(cache.bytes(), 24);
        assert!(cache.find(&sequence(&[1, 0], &[])).is_some());
        cache.insert(run(&[4, 0], &[]));
        assert_eq!(cache.bytes(), 24);
        assert!(
            cache.find(&sequence(&[2, 0], &[])).is_none(),
            "least recently used"
        );
        assert!(cache.find(&sequence(&[1, 0], &[])).is_some());
        cache.insert(run(&[9; 7], &[]));
        assert!(
            cache.find(&sequence(&[9], &[])).is_none(),
            "larger than the budget"
        );
        cache.insert(run(&[1, 0, 5], &[]));
        assert_eq!(cache.bytes(), 8 + 12, "a longer run replaces its prefix");
    }
}
