//! What earlier passes left behind: keys, values and residuals, for later ones to begin from.
//!
//! Up to the first token that differs, and up to the first position that an intervention changes
//! otherwise, two sequences have the same keys, values and residuals. A pass that may reuse runs
//! computes only what comes after; this is exact, not an approximation.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::hooks::{Hooks, Intervention, Reuse};
use crate::matrix::Matrix;

/// One sequence that was run, with what was in force.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) tokens: Vec<u32>,
    /// What acted on it.
    pub(crate) interventions: Vec<Intervention>,
    /// See [`Sequence::rotation`].
    pub(crate) rotation: usize,
    pub(crate) layers: Vec<RunLayer>,
    /// `[n, width]`: the residual after the last block, before the final norm.
    pub(crate) resid_final: Matrix,
    /// Log-probabilities of the tokens from the second one on, as far as they are known.
    pub(crate) token_logps: Vec<f32>,
}

/// What one layer left.
#[derive(Debug, Default)]
pub(crate) struct RunLayer {
    /// `[n, 2·H_kv·head_dim]`: rotated keys, then values.
    pub(crate) keys_values: Matrix,
    /// What variants leave from, where it was asked for.
    pub(crate) residuals: Option<Residuals>,
}

/// The residual stream around a layer's attention.
#[derive(Debug, Default)]
pub(crate) struct Residuals {
    /// `[n, width]`: before the block.
    pub(crate) pre: Matrix,
    /// `[n, width]`: what attention adds, with what was in force.
    pub(crate) attn_out: Matrix,
}

impl Run {
    /// Whether variants may leave it.
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

    /// Bytes of its matrices.
    fn bytes(&self) -> usize {
        let layer = |layer: &RunLayer| {
            let residuals = layer.residuals.as_ref();
            layer.keys_values.bytes()
                + residuals.map_or(0, |kept| kept.pre.bytes() + kept.attn_out.bytes())
        };
        self.resid_final.bytes() + self.layers.iter().map(layer).sum::<usize>()
    }
}

/// What decides a sequence's way through a model.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sequence<'a> {
    pub(crate) tokens: &'a [u32],
    /// What acts on it, without saying on which sequence.
    pub(crate) interventions: &'a [Intervention],
    /// Sequences whose positions are rotated alike have the same number
    /// ([`super::rope::Rope::rotation`]).
    pub(crate) rotation: usize,
}

impl Sequence<'_> {
    /// How many first positions two sequences go through alike.
    pub(crate) fn shared(&self, other: &Self) -> usize {
        if self.rotation != other.rotation {
            return 0;
        }
        let pairs = self.tokens.iter().zip(other.tokens);
        let same = pairs.take_while(|(a, b)| a == b).count();
        if self.interventions == other.interventions {
            return same;
        }
        let changed = |change: &Intervention| change.at.first();
        self.interventions
            .iter()
            .chain(other.interventions)
            .map(changed)
            .fold(same, usize::min)
    }
}

/// What acts on one sequence of a pass, without saying which.
pub(crate) fn acting_on(sequence: usize, hooks: &Hooks) -> Vec<Intervention> {
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

/// A run that a sequence may begin from, and how many of its positions the two share.
#[derive(Debug, Clone)]
pub(crate) struct Recalled {
    pub(crate) run: Arc<Run>,
    pub(crate) shared: usize,
}

impl Recalled {
    /// Whether there is nothing to add to the run for a sequence of `len` tokens.
    pub(crate) fn says_all(&self, len: usize, wanted: Reuse) -> bool {
        self.shared == len && (wanted != Reuse::Residuals || self.run.has_residuals())
    }
}

/// The runs that are remembered, within a budget of memory.
#[derive(Debug)]
pub(crate) struct RunCache {
    /// Most recently used last.
    runs: VecDeque<Arc<Run>>,
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

    /// The most bytes that are kept.
    pub(crate) fn budget(&self) -> usize {
        self.budget
    }

    /// Bytes that are kept now.
    pub(crate) fn bytes(&self) -> usize {
        self.runs.iter().map(|run| run.bytes()).sum()
    }

    /// Forgets every run.
    pub(crate) fn clear(&mut self) {
        self.runs.clear();
    }

    /// The run that shares most positions with a sequence; of equals one with residuals.
    pub(crate) fn recall(&mut self, sequence: &Sequence<'_>) -> Option<Recalled> {
        let rank = |run: &Arc<Run>| (run.sequence().shared(sequence), run.has_residuals());
        let (at, (shared, _)) = self
            .runs
            .iter()
            .map(rank)
            .enumerate()
            .max_by_key(|(_, rank)| *rank)
            .filter(|(_, (shared, _))| *shared > 0)?;
        let run = self.runs.remove(at)?;
        self.runs.push_back(Arc::clone(&run));
        Some(Recalled { run, shared })
    }

    /// Remembers a run, and forgets those that say no more than it and then the least recently
    /// used ones until all fit. A run that is larger than the budget is not kept.
    pub(crate) fn remember(&mut self, run: Run) {
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
    use crate::hooks::{Action, Select};

    fn run(tokens: &[u32], interventions: &[Intervention]) -> Run {
        Run {
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

    fn add(value: f32, at: Select) -> Intervention {
        Intervention {
            layer: 0,
            sequence: None,
            at,
            action: Action::AddAttnOut(Arc::new([value])),
        }
    }

    #[test]
    fn the_longest_shared_beginning_is_recalled() {
        let mut cache = RunCache::new(1 << 20);
        cache.remember(run(&[1, 2, 9], &[]));
        cache.remember(run(&[1, 2, 3, 9], &[]));
        let shared = |cache: &mut RunCache, tokens: &[u32]| {
            cache
                .recall(&sequence(tokens, &[]))
                .map(|recalled| recalled.shared)
        };
        assert_eq!(shared(&mut cache, &[1, 2, 3, 4]), Some(3));
        assert_eq!(shared(&mut cache, &[1, 2, 9, 4]), Some(3));
        assert_eq!(shared(&mut cache, &[1, 5]), Some(1));
        assert_eq!(shared(&mut cache, &[5]), None);
    }

    #[test]
    fn what_acts_differently_is_shared_up_to_where_it_acts() {
        let everywhere = add(1.0, Select::All);
        let late = add(1.0, Select::Range(2..3));
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
        assert_eq!(both(&[&late], &[&add(2.0, Select::Range(3..4))]), 2);
        assert_eq!(both(&[&everywhere], &[&add(2.0, Select::All)]), 0);
    }

    #[test]
    fn sequences_that_are_rotated_otherwise_share_nothing() {
        let (short, long) = (sequence(&[1, 2], &[]), sequence(&[1, 2, 3], &[]));
        assert_eq!(short.shared(&long), 2);
        let long = Sequence {
            rotation: 3,
            ..long
        };
        assert_eq!(short.shared(&long), 0);
    }

    #[test]
    fn the_budget_is_kept_and_the_least_recent_goes_first() {
        // Three runs of two tokens, four bytes each.
        let mut cache = RunCache::new(24);
        for first in 1..=3 {
            cache.remember(run(&[first, 0], &[]));
        }
        assert_eq!(cache.bytes(), 24);
        assert!(cache.recall(&sequence(&[1, 0], &[])).is_some());
        cache.remember(run(&[4, 0], &[]));
        assert_eq!(cache.bytes(), 24);
        assert!(
            cache.recall(&sequence(&[2, 0], &[])).is_none(),
            "least recently used"
        );
        assert!(cache.recall(&sequence(&[1, 0], &[])).is_some());
        cache.remember(run(&[9; 7], &[]));
        assert!(
            cache.recall(&sequence(&[9], &[])).is_none(),
            "larger than the budget"
        );
        cache.remember(run(&[1, 0, 5], &[]));
        assert_eq!(cache.bytes(), 8 + 12, "a longer run replaces its beginning");
    }
}
