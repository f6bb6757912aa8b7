//! A model in memory, and the one door to its arithmetic.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::chat::ChatTemplate;
use crate::config::Config;
use crate::error::ModelError;
use crate::hooks::{Cancel, Hooks, Intervention, Reuse};
use crate::runs::{Recalled, RunCache, Sequence, acting_on};
use crate::tokenizer::Tokenizer;
use crate::trace::Trace;
use crate::transformer::Transformer;

/// What reports say of the model that made a number.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ModelInfo {
    /// Alias, repository or file name.
    pub name: String,
    /// Hex digest of the weights (of several files: of their hex digests, one to a line).
    pub sha256: String,
    /// Number of blocks.
    pub layers: usize,
    /// Query heads of a layer.
    pub heads: usize,
    /// Width of the residual stream.
    pub width: usize,
}

/// A model in memory: weights in f32, tokenizer, identity.
#[derive(Debug)]
pub struct Model {
    /// Who it is.
    pub info: ModelInfo,
    /// Its tokenizer.
    pub tokenizer: Tokenizer,
    /// How it writes conversations, if it knows them.
    pub chat: Option<ChatTemplate>,
    /// How long loading took.
    pub load_time: Duration,
    pub(super) transformer: Transformer,
    /// What passes left for later ones. Nobody holds the lock while the model computes.
    pub(super) runs: Mutex<RunCache>,
}

impl Model {
    /// The model's shape.
    pub fn config(&self) -> &Config {
        &self.transformer.config
    }

    /// Runs the model over several sequences at once.
    ///
    /// # Errors
    /// An empty or too long sequence, a hook outside the model, or `cancel` was set.
    pub fn forward(
        &self,
        sequences: &[&[u32]],
        hooks: &Hooks,
        cancel: &Cancel,
    ) -> Result<Trace, ModelError> {
        for tokens in sequences {
            self.check_sequence(tokens)?;
        }
        self.check_hooks(hooks)?;
        self.check_forks(hooks, sequences)?;
        let acting: Vec<Vec<Intervention>> = (0..sequences.len())
            .map(|sequence| acting_on(sequence, hooks))
            .collect();
        let rope = self.transformer.rope.as_ref();
        let sequences: Vec<Sequence<'_>> = sequences
            .iter()
            .zip(&acting)
            .map(|(tokens, interventions)| Sequence {
                tokens,
                interventions,
                rotation: rope.map_or(0, |rope| rope.rotation(tokens.len())),
            })
            .collect();
        let (budget, recalled) = {
            let mut runs = self.runs();
            let recall = |sequence: &Sequence<'_>| match hooks.reuse {
                Reuse::Nothing => None,
                Reuse::Keys | Reuse::Residuals => runs.recall(sequence),
            };
            let recalled: Vec<Option<Recalled>> = sequences.iter().map(recall).collect();
            (runs.budget(), recalled)
        };
        // On a thread of the pool: from outside, each of a pass's several hundred parallel loops
        // would put the caller to sleep and wake it up again.
        let pass = |_: &rayon::Scope<'_>| {
            self.transformer
                .forward(&sequences, hooks, &recalled, budget, cancel)
        };
        let (trace, left) = rayon::scope(pass)?;
        let mut runs = self.runs();
        for run in left {
            runs.remember(run);
        }
        Ok(trace)
    }

    /// Bytes of what passes left for later ones, and the most that is kept.
    pub fn remembered(&self) -> (usize, usize) {
        let runs = self.runs();
        (runs.bytes(), runs.budget())
    }

    /// Forgets what passes left for later ones.
    pub fn forget(&self) {
        self.runs().clear();
    }

    fn runs(&self) -> MutexGuard<'_, RunCache> {
        // Whoever panicked with the lock left whole runs behind: each change is one call.
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
