//! A sequence that grows token by token, over its own keys and values.

use std::sync::Arc;

use crate::batch::{Piece, Segment};
use crate::block::{Pass, Scratch};
use crate::error::ModelError;
use crate::hooks::{Cancel, Hooks, Intervention, Reuse};
use crate::matrix::Matrix;
use crate::resident::Model;
use crate::runs::{Recalled, Run, RunLayer, Sequence};
use crate::transformer::Transformer;

/// A sequence that grows: each token is computed once, over the keys and values of those before.
///
/// The logits are those of [`Model::forward`] over all tokens at once, within rounding. What
/// acts on every position also acts on the tokens that are added later; what acts on a range of
/// positions acts on those alone.
#[derive(Debug)]
pub struct Continuation<'a> {
    model: &'a Model,
    /// What acts on the sequence.
    hooks: Hooks,
    /// The tokens so far with their keys and values, to which every push appends in place.
    run: Arc<Run>,
    /// `[1, vocab]`: the last token's.
    logits: Matrix,
}

impl Model {
    /// A sequence without tokens on which `interventions` act; which sequence they name is
    /// ignored.
    ///
    /// # Errors
    /// An intervention outside the model.
    pub fn continuation(
        &self,
        interventions: &[Intervention],
    ) -> Result<Continuation<'_>, ModelError> {
        let own = |change: &Intervention| Intervention {
            sequence: None,
            ..change.clone()
        };
        let hooks = Hooks {
            interventions: interventions.iter().map(own).collect(),
            ..Hooks::default()
        };
        self.check_hooks(&hooks)?;
        Ok(Continuation {
            model: self,
            run: Arc::new(self.transformer.empty_run(0)),
            hooks,
            logits: Matrix::default(),
        })
    }
}

impl Continuation<'_> {
    /// The tokens so far.
    pub fn tokens(&self) -> &[u32] {
        &self.run.tokens
    }

    /// The logits behind the last token; empty where there is none.
    ///
    /// # Shapes
    /// → `[vocab]`.
    pub fn logits(&self) -> &[f32] {
        &self.logits.data
    }

    /// Appends tokens and returns the logits behind the last one. After an error the tokens
    /// are those before the call, and the logits mean nothing until the next one.
    ///
    /// # Shapes
    /// → `[vocab]`.
    ///
    /// # Errors
    /// No tokens at all, more than the model reads, one outside the vocabulary, `cancel` was
    /// set; [`ModelError::NotFinite`] where an intervention made the logits overflow.
    pub fn push(&mut self, tokens: &[u32], cancel: &Cancel) -> Result<&[f32], ModelError> {
        if tokens.is_empty() {
            return Err(ModelError::EmptyPrompt);
        }
        let model = self.model;
        let whole = [self.tokens(), tokens].concat();
        model.check_sequence(&whole)?;
        let rope = model.transformer.rope.as_ref();
        let rotation = rope.map_or(0, |rope| rope.rotation(whole.len()));
        // A longer sequence may be rotated otherwise from its first token on.
        let keeps = self.run.rotation == rotation;
        let start = if keeps { self.run.tokens.len() } else { 0 };
        let sequence = Sequence {
            tokens: &whole,
            interventions: &self.hooks.interventions,
            rotation,
        };
        let grown = {
            let run = Recalled {
                run: Arc::clone(&self.run),
                shared: start,
            };
            // On a thread of the pool, as `Model::forward` is.
            rayon::scope(|_| {
                let logits = &mut self.logits;
                let transformer = &model.transformer;
                transformer.grow(sequence, run, &self.hooks, logits, cancel)
            })?
        };
        if self.logits.data.iter().any(|logit| !logit.is_finite()) {
            return Err(ModelError::NotFinite {
                model: model.info.name.clone(),
            });
        }
        if !keeps {
            self.run = Arc::new(model.transformer.empty_run(rotation));
        }
        let Some(run) = Arc::get_mut(&mut self.run) else {
            unreachable!("only a pass shares the run, and it is over");
        };
        run.tokens.extend(&whole[start..]);
        for (layer, grown) in run.layers.iter_mut().zip(&grown) {
            layer.keys_values.append(&grown.keys_values);
        }
        Ok(&self.logits.data)
    }
}

impl Transformer {
    /// A run of no tokens.
    fn empty_run(&self, rotation: usize) -> Run {
        let columns = 2 * self.config.kv_heads * self.config.head_dim;
        let layer = |_| RunLayer {
            keys_values: Matrix::zeros(0, columns),
            residuals: None,
        };
        Run {
            tokens: Vec::new(),
            interventions: Vec::new(),
            rotation,
            layers: (0..self.config.layers).map(layer).collect(),
            resid_final: Matrix::default(),
            token_logps: Vec::new(),
        }
    }

    /// Computes the tokens of `sequence` behind those that it shares with a run: their keys and
    /// values, layer by layer, and the logits of the last one.
    ///
    /// # Shapes
    /// `logits` becomes `[1, vocab]`.
    ///
    /// # Errors
    /// [`ModelError::Cancelled`] where `cancel` was set between two layers; a device refused.
    fn grow(
        &self,
        sequence: Sequence<'_>,
        run: Recalled,
        hooks: &Hooks,
        logits: &mut Matrix,
        cancel: &Cancel,
    ) -> Result<Vec<RunLayer>, ModelError> {
        let (position, length) = (run.shared, sequence.tokens.len());
        let past = Piece::Run {
            run: 0,
            count: position,
        };
        let segment = |position, past| Segment {
            start: 0,
            rows: length - run.shared,
            sequence: 0,
            position,
            past,
        };
        // An empty piece would be a product of no columns.
        let segments = [segment(position, vec![past; position.min(1)])];
        // The new rows as a sequence of their own: these alone are kept.
        let new = segment(0, Vec::new());
        let angles = |rope: &super::rope::Rope| rope.angles(position, std::iter::once(length));
        let pass = Pass {
            hooks,
            recalled: &[Some(run)],
            sequences: &[sequence],
            angles: self.rope.as_ref().map(angles),
        };
        let mut scratch = Scratch::default();
        let mut resid = self.embed(pass.sequences, &segments);
        let mut grown = Vec::with_capacity(self.layers.len());
        for index in 0..self.layers.len() {
            if cancel.is_cancelled() {
                return Err(ModelError::Cancelled);
            }
            let mut kept = self.attention(&pass, index, &segments, &resid, &mut scratch)?;
            grown.push(self.record(&pass, index, &new, Reuse::Keys, &resid, &scratch));
            self.mlp(&pass, index, &segments, &mut resid, &mut scratch, &mut kept)?;
        }
        self.logits(&resid.select([resid.rows - 1]), logits)?;
        Ok(grown)
    }
}
