//! A model in memory and its forward pass.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use crate::activation_cache::ActivationCache;
use crate::attn_out_cache::AttnOutCache;
use crate::chat::ChatTemplate;
use crate::config::Config;
use crate::error::ModelError;
use crate::hooks::{CancelToken, Hooks, Intervention, Reuse};
use crate::run_cache::{CacheHit, RunCache, Sequence, interventions_on};
use crate::tokenizer::Tokenizer;
use crate::transformer::Transformer;

/// The identity and size of a model, as reports print them with its figures.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ModelInfo {
    /// Alias, repository or file name.
    pub name: String,
    /// SHA-256 of the weights, in hex; for several files, of their hex digests, one on each line.
    pub sha256: String,
    /// Number of blocks.
    pub layers: usize,
    /// Number of query heads in a layer.
    pub heads: usize,
    /// Width of the residual stream.
    pub width: usize,
}

/// A model in memory: weights in f32, tokenizer, chat template and identity.
#[derive(Debug)]
pub struct Model {
    /// Identity and size.
    pub info: ModelInfo,
    /// The tokenizer.
    pub tokenizer: Tokenizer,
    /// The chat template, if the model has one.
    pub chat: Option<ChatTemplate>,
    /// How long loading took.
    pub load_time: Duration,
    pub(super) transformer: Transformer,
    /// The mean of all unembeddings, once it was needed.
    pub(super) mean_unembedding: OnceLock<Vec<f32>>,
    /// Runs of earlier passes. The lock is never held while the model computes.
    pub(super) runs: Mutex<RunCache>,
    /// Runs over reference prompts.
    pub(super) reference_runs: Mutex<RunCache>,
    /// Attention outputs of texts that were read alone.
    pub(super) attn_outs: Mutex<AttnOutCache>,
}

impl Model {
    /// The model's shape.
    pub fn config(&self) -> &Config {
        &self.transformer.config
    }

    /// Runs the model over several sequences at once and returns the captured activations.
    ///
    /// # Errors
    /// An empty or too long sequence; a hook that names a layer, head, position or token that does
    /// not exist; [`ModelError::Cancelled`] where `cancel` was set; a device failed.
    pub fn forward(
        &self,
        sequences: &[&[u32]],
        hooks: &Hooks,
        cancel: &CancelToken,
    ) -> Result<ActivationCache, ModelError> {
        for tokens in sequences {
            self.check_sequence(tokens)?;
        }
        self.check_hooks(hooks)?;
        self.check_forks(hooks, sequences)?;
        let interventions: Vec<Vec<Intervention>> = (0..sequences.len())
            .map(|sequence| interventions_on(sequence, hooks))
            .collect();
        let rope = self.transformer.rope.as_ref();
        let sequences: Vec<Sequence<'_>> = sequences
            .iter()
            .zip(&interventions)
            .map(|(tokens, interventions)| Sequence {
                tokens,
                interventions,
                rotation: rope.map_or(0, |rope| rope.rotation(tokens.len())),
            })
            .collect();
        let (budget, hits) = {
            let mut runs = self.runs(hooks.reuse);
            let find = |sequence: &Sequence<'_>| match hooks.reuse {
                Reuse::Nothing => None,
                _ => runs.find(sequence),
            };
            let hits: Vec<Option<CacheHit>> = sequences.iter().map(find).collect();
            (runs.budget(), hits)
        };
        // On a thread of the pool: from outside, each of a pass's several hundred parallel loops
        // would put the caller to sleep and wake it up again.
        let pass = |_: &rayon::Scope<'_>| {
            self.transformer
                .forward(&sequences, hooks, &hits, budget, cancel)
        };
        let (cache, new_runs) = rayon::scope(pass)?;
        let mut runs = self.runs(hooks.reuse);
        for run in new_runs {
            runs.insert(run);
        }
        Ok(cache)
    }

    /// The size of the run caches and the most that they may hold, in bytes.
    pub fn cache_usage(&self) -> (usize, usize) {
        [Reuse::Keys, Reuse::Reference]
            .map(|reuse| self.runs(reuse))
            .iter()
            .fold((0, 0), |(bytes, budget), runs| {
                (bytes + runs.bytes(), budget + runs.budget())
            })
    }

    /// Removes every run from the run caches.
    pub fn clear_cache(&self) {
        self.runs(Reuse::Keys).clear();
        self.runs(Reuse::Reference).clear();
        self.attn_outs().clear();
    }

    /// The cache of attention outputs.
    pub(super) fn attn_outs(&self) -> MutexGuard<'_, AttnOutCache> {
        // A panic with the lock held leaves whole entries: each change is one call.
        let cache = &self.attn_outs;
        cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The cache of the runs that a pass reuses.
    fn runs(&self, reuse: Reuse) -> MutexGuard<'_, RunCache> {
        let runs = match reuse {
            Reuse::Reference => &self.reference_runs,
            _ => &self.runs,
        };
        // A panic with the lock held leaves whole runs: each change is one call.
        runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
