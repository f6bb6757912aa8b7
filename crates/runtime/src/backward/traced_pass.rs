//! A forward pass with the activations that its backward pass needs.

use crate::activation_cache::ActivationCache;
use crate::backward::linearized_block::{Linearization, LinearizedBlock};
use crate::error::ModelError;
use crate::hooks::{CancelToken, Capture, Hooks, Intervention, Positions};
use crate::model::Model;
use crate::pass::PassContext;
use crate::run_cache::Sequence;

/// A forward pass over one sequence, with the activations that its backward pass needs.
#[derive(Debug)]
pub(super) struct TracedPass<'a> {
    pub(super) model: &'a Model,
    pub(super) tokens: &'a [u32],
    hooks: Hooks,
    pub(super) cache: ActivationCache,
}

impl<'a> TracedPass<'a> {
    /// Runs the model over `tokens` and captures what `capture` names, and what the backward pass
    /// through the blocks needs.
    ///
    /// # Errors
    /// As [`Model::forward`].
    pub(super) fn run(
        model: &'a Model,
        tokens: &'a [u32],
        interventions: &[Intervention],
        capture: Capture,
        cancel: &CancelToken,
    ) -> Result<Self, ModelError> {
        let hooks = Hooks {
            interventions: interventions.to_vec(),
            ..Hooks::capture(Capture {
                attn_out: Positions::All,
                resid_pre: Positions::All,
                ..capture
            })
        };
        let cache = model.forward(&[tokens], &hooks, cancel)?;
        Ok(Self {
            model,
            tokens,
            hooks,
            cache,
        })
    }

    /// Linearizes block `index` at the activations of the pass.
    ///
    /// # Errors
    /// A device failed.
    pub(super) fn linearize(
        &self,
        index: usize,
        linearization: &Linearization,
    ) -> Result<LinearizedBlock<'a>, ModelError> {
        let transformer = &self.model.transformer;
        let rope = transformer.rope.as_ref();
        let length = self.tokens.len();
        let sequence = [Sequence {
            tokens: self.tokens,
            interventions: &self.hooks.interventions,
            rotation: rope.map_or(0, |rope| rope.rotation(length)),
        }];
        let pass = PassContext {
            hooks: &self.hooks,
            hits: &[],
            sequences: &sequence,
            angles: rope.map(|rope| rope.angles(0, [length].into_iter())),
        };
        let kept = &self.cache.layers[index];
        LinearizedBlock::new(transformer, index, &pass, kept, linearization)
    }
}
