//! Cached runs: keys, values and residuals of earlier passes from which later ones start.
//!
//! Two sequences have equal keys, values and residuals up to the first token that differs, and up
//! to the first position that an intervention of only one of them changes. A pass that may reuse
//! cached runs computes only the positions after that. The result is exact.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use crate::hooks::{Hooks, Intervention, Reuse};
use crate::matrix::Matrix;

/// One sequence that a pass ran, with the interventions on it.
#[derive(Debug)]
pub(crate) struct CachedRun {
    pub(crate) tokens: Vec<u32>,
    /// The interventions on the sequence; `sequence` is `None`.
    pub(crate) interventions: Vec<Intervention>,
    /// See [`Sequence::rotation`].
    pub(crate) rotation: usize,
    pub(crate) layers: Vec<CachedLayer>,
    /// `[n, width]`: `hook_resid_post` of the last block, before the final norm.
    pub(crate) resid_final: Matrix,
    /// Log-probabilities of the tokens from the second one on, as far as they are known.
    pub(crate) token_logps: Vec<f32>,
}

/// What one layer of a run leaves in the cache.
#[derive(Debug, Default)]
pub(crate) struct CachedLayer {
    /// `[n, 2·H_kv·head_dim]`: rotated keys, then values.
    pub(crate) keys_values: Matrix,
    /// Where forks start from; `None` where only keys and values are cached.
    pub(crate) residuals: Option<Residuals>,
}

/// The residual stream around the attention of a layer.
#[derive(Debug, Default)]
pub(crate) struct Residuals {
    /// `[n, width]`: `hook_resid_pre`.
    pub(crate) pre: Matrix,
    /// `[n, width]`: `hook_attn_out`, with interventions.
    pub(crate) attn_out: Matrix,
}

impl CachedLayer {
    /// Adds the residuals of the batch rows `rows`.
    ///
    /// # Shapes
    /// `resid`, `attn_out`: `[batch rows, width]`.
    pub(crate) fn record_residuals(
        &mut self,
        rows: Range<usize>,
        resid: &Matrix,
        attn_out: &Matrix,
    ) {
        self.residuals = Some(Residuals {
            pre: resid.select(rows.clone()),
            attn_out: attn_out.select(rows),
        });
    }

    fn bytes(&self) -> usize {
        let residuals = self.residuals.as_ref();
        self.keys_values.bytes()
            + residuals.map_or(0, |kept| kept.pre.bytes() + kept.attn_out.bytes())
    }
}

impl CachedRun {
    /// Whether forks can start from it.
    pub(crate) fn has_residuals(&self) -> bool {
        self.layers.iter().all(|layer| layer.residuals.is_some())
    }

    fn sequence(&self) -> Sequence<'_> {
        Sequence {
            tokens: &self.tokens,
            interventions: &self.interventions,
            rotation: self.rotation,
        }
    }

    /// The size of its matrices, in bytes.
    fn bytes(&self) -> usize {
        self.resid_final.bytes() + self.layers.iter().map(CachedLayer::bytes).sum::<usize>()
    }
}

/// Everything that determines the activations of a sequence.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sequence<'a> {
    pub(crate) tokens: &'a [u32],
    /// The interventions on the sequence; `sequence` is `None`.
    pub(crate) interventions: &'a [Intervention],
    /// A number that is equal for sequences whose positions rotate by the same angles
    /// ([`crate::rope::Rope::rotation`]).
    pub(crate) rotation: usize,
}

impl Sequence<'_> {
    /// The number of first positions at which two sequences have equal activations.
    pub(crate) fn shared(&self, other: &Self) -> usize {
        if self.rotation != other.rotation {
            return 0;
        }
        let pairs = self.tokens.iter().zip(other.tokens);
        let same = pairs.take_while(|(a, b)| a == b).count();
        if self.interventions == other.interventions {
            return same;
        }
        let first_changed = |change: &Intervention| change.at.first();
        self.interventions
            .iter()
            .chain(other.interventions)
            .map(first_changed)
            .fold(same, usize::min)
    }
}

/// The interventions of `hooks` on one sequence of a pass, with `sequence` set to `None`.
pub(crate) fn interventions_on(sequence: usize, hooks: &Hooks) -> Vec<Intervention> {
    hooks
        .interventions
        .iter()
        .filter(|change| change.sequence.is_none_or(|one| one == sequence))
        .map(|change| Intervention {
            sequence: None,
            ..change.clone()
        })
        .collect()
}

/// A cached run that a sequence can start from.
#[derive(Debug, Clone)]
pub(crate) struct CacheHit {
    pub(crate) run: Arc<CachedRun>,
    /// The number of first positions that sequence and run share.
    pub(crate) shared: usize,
}

impl CacheHit {
    /// Whether the run already holds everything that `wanted` asks of a sequence of `len` tokens.
    pub(crate) fn covers(&self, len: usize, wanted: Reuse) -> bool {
        self.shared == len && (wanted != Reuse::Residuals || self.run.has_residuals())
    }

    /// The known log-probabilities of the shared tokens from the second one on.
    pub(crate) fn token_logps(&self) -> &[f32] {
        let known = self.run.token_logps.len();
        &self.run.token_logps[..known.min(self.shared.saturating_sub(1))]
    }
}

/// The most recently used runs that fit a memory budget.
#[derive(Debug)]
pub(crate) struct RunCache {
    /// The most recently used run is last.
    runs: VecDeque<Arc<CachedRun>>,
    budget: usize,
}

impl RunCache {
    /// An empty cache of at most `budget` bytes.
    pub(crate) fn new(budget: usize) -> Self {
        Self {
            runs: VecDeque::new(),
            budget,
        }
    }

    /// The most bytes that the cache holds.
    pub(crate) fn budget(&self) -> usize {
        self.budget
    }

    /// The bytes that the cache holds now.
    pub(crate) fn bytes(&self) -> usize {
        self.runs.iter().map(|run| run.bytes()).sum()
    }

    /// Removes every run.
    pub(crate) fn clear(&mut self) {
        self.runs.clear();
    }

    /// The run that shares most positions with a sequence; among equals, one with residuals.
    pub(crate) fn find(&mut self, sequence: &Sequence<'_>) -> Option<CacheHit> {
        let rank = |run: &Arc<CachedRun>| (run.sequence().shared(sequence), run.has_residuals());
        let (at, (shared, _)) = self
            .runs
            .iter()
            .map(rank)
            .enumerate()
            .max_by_key(|(_, rank)| *rank)
            .filter(|(_, (shared, _))| *shared > 0)?;
        let run = self.runs.remove(at)?;
        self.runs.push_back(Arc::clone(&run));
        Some(CacheHit { run, shared })
    }

    /// Inserts a run, removes runs that hold no more than it, and then removes the least recently
    /// used runs until all fit the budget. A run larger than the budget is not inserted.
    pub(crate) fn insert(&mut self, run: CachedRun) {
        if run.bytes() > self.budget {
            return;
        }
        self.runs.retain(|old| {
            let covered = old.sequence().shared(&run.sequence()) == old.tokens.len();
            !covered || (old.has_residuals() && !run.has_residuals())
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
