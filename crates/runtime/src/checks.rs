//! Checks of the sequences and hooks of a pass.

use crate::config::Config;
use crate::error::ModelError;
use crate::hooks::{Hooks, InterventionAction};
use crate::model::Model;

/// Bytes of text per token of the context, above which a prompt's beginning is counted first.
const BYTES_A_TOKEN: usize = 16;

impl Model {
    /// Checks that the beginning of a long text fits the context, before seconds are spent on
    /// tokenizing the rest.
    ///
    /// # Errors
    /// [`ModelError::TooLong`].
    pub fn check_text(&self, text: &str) -> Result<(), ModelError> {
        let context = self.config().context;
        let counted = context.saturating_mul(BYTES_A_TOKEN);
        if text.len() <= counted {
            return Ok(());
        }
        let beginning = text.get(..text.floor_char_boundary(counted));
        // Cutting a word in two may have added a token.
        let tokens = self.tokenizer.ids(beginning.unwrap_or_default()).len();
        let tokens = tokens.saturating_sub(1);
        if tokens <= context {
            return Ok(());
        }
        Err(ModelError::TooLong {
            tokens,
            at_least: true,
            context,
            model: self.info.name.clone(),
        })
    }

    pub(super) fn check_sequence(&self, tokens: &[u32]) -> Result<(), ModelError> {
        let Config { vocab, context, .. } = *self.config();
        if tokens.is_empty() {
            return Err(ModelError::EmptyPrompt);
        }
        if tokens.len() > context {
            let model = self.info.name.clone();
            return Err(ModelError::TooLong {
                tokens: tokens.len(),
                at_least: false,
                context,
                model,
            });
        }
        match tokens.iter().find(|token| **token as usize >= vocab) {
            Some(token) => Err(self.out_of_range("token", *token as usize, vocab)),
            None => Ok(()),
        }
    }

    pub(super) fn check_hooks(&self, hooks: &Hooks) -> Result<(), ModelError> {
        let Config {
            layers,
            heads,
            width,
            head_dim,
            ..
        } = *self.config();
        let vocab = self.config().vocab;
        let first_tokens = &hooks.capture.first_tokens;
        if let Some(token) = first_tokens.iter().find(|token| **token as usize >= vocab) {
            return Err(self.out_of_range("token", *token as usize, vocab));
        }
        for change in &hooks.interventions {
            if change.layer >= layers {
                return Err(self.out_of_range("layer", change.layer, layers));
            }
            let (head, len, wanted) = match &change.action {
                InterventionAction::AddAttnOut(vector)
                | InterventionAction::ReplaceAttnOut(vector)
                | InterventionAction::AddMlpOut(vector) => (0, vector.len(), width),
                InterventionAction::ZeroHead(head) => (*head, 0, 0),
                InterventionAction::BlockAttention(_) => (0, 0, 0),
                InterventionAction::ReplaceHead(head, vector) => (*head, vector.len(), head_dim),
            };
            if head >= heads {
                return Err(self.out_of_range("head", head, heads));
            }
            if len != wanted {
                return Err(self.out_of_range("dimension", len, wanted));
            }
        }
        Ok(())
    }

    pub(super) fn check_forks(
        &self,
        hooks: &Hooks,
        sequences: &[&[u32]],
    ) -> Result<(), ModelError> {
        for fork in &hooks.forks {
            self.check_layer(fork.layer)?;
            let Some(tokens) = sequences.get(fork.sequence) else {
                return Err(self.out_of_range("sequence", fork.sequence, sequences.len()));
            };
            let changed = fork.at.range(tokens.len()).len();
            if changed == 0 {
                return Err(self.out_of_range("position", tokens.len(), tokens.len()));
            }
            let width = self.info.width;
            if ![width, changed * width].contains(&fork.vector.len()) {
                return Err(self.out_of_range("dimension", fork.vector.len(), width));
            }
        }
        Ok(())
    }

    /// Checks that the model has a layer.
    ///
    /// # Errors
    /// [`ModelError::OutOfRange`].
    pub fn check_layer(&self, layer: usize) -> Result<(), ModelError> {
        if layer < self.info.layers {
            Ok(())
        } else {
            Err(self.out_of_range("layer", layer, self.info.layers))
        }
    }

    /// Checks that the model's layers have a head.
    ///
    /// # Errors
    /// [`ModelError::OutOfRange`].
    pub fn check_head(&self, head: usize) -> Result<(), ModelError> {
        if head < self.info.heads {
            Ok(())
        } else {
            Err(self.out_of_range("head", head, self.info.heads))
        }
    }

    pub(super) fn out_of_range(
        &self,
        what: &'static str,
        index: usize,
        count: usize,
    ) -> ModelError {
        ModelError::OutOfRange {
            what,
            index,
            count,
            model: self.info.name.clone(),
        }
    }
}
