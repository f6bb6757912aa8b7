//! A sequence that grows token by token on its own KV cache.

use std::sync::Arc;

use crate::batch::{KvSpan, Segment};
use crate::error::ModelError;
use crate::hooks::{CancelToken, Hooks, Intervention};
use crate::matrix::Matrix;
use crate::model::Model;
use crate::pass::{PassContext, ScratchBuffers};
use crate::read_rows::{BatchRows, ReadRows};
use crate::run_cache::{CacheHit, CachedLayer, CachedRun, Sequence};
use crate::transformer::Transformer;

/// A growing sequence: each token is computed once, on the keys and values of those before it.
///
/// The logits equal those of [`Model::forward`] over all tokens at once, within rounding. An
/// intervention on every position also changes tokens that are pushed later; one on a range
/// changes that range only.
#[derive(Debug)]
pub struct Continuation<'a> {
    model: &'a Model,
    /// The interventions on the sequence.
    hooks: Hooks,
    /// The tokens so far with their keys and values; every push appends to it in place.
    run: Arc<CachedRun>,
    /// `[1, vocab]`: the logits after the last token.
    logits: Matrix,
}

impl Model {
    /// An empty sequence with `interventions` on it; the sequences that they name are ignored.
    ///
    /// # Errors
    /// An intervention names a layer or head that does not exist, or has the wrong dimension.
    pub fn continuation(
        &self,
        interventions: &[Intervention],
    ) -> Result<Continuation<'_>, ModelError> {
        let for_any_sequence = |change: &Intervention| Intervention {
            sequence: None,
            ..change.clone()
        };
        let hooks = Hooks {
            interventions: interventions.iter().map(for_any_sequence).collect(),
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

    /// The logits after the last token; empty before the first push.
    ///
    /// # Shapes
    /// → `[vocab]`.
    pub fn logits(&self) -> &[f32] {
        &self.logits.data
    }

    /// Appends tokens and returns the logits after the last one. After an error the tokens are
    /// those before the call, and the logits are undefined until the next successful call.
    ///
    /// # Shapes
    /// → `[vocab]`.
    ///
    /// # Errors
    /// `tokens` is empty, makes the sequence longer than the context or has an id outside the
    /// vocabulary; `cancel` was set; [`ModelError::NotFinite`] where an intervention makes the
    /// logits overflow.
    pub fn push(&mut self, tokens: &[u32], cancel: &CancelToken) -> Result<&[f32], ModelError> {
        if tokens.is_empty() {
            return Err(ModelError::EmptyPrompt);
        }
        let model = self.model;
        let whole = [self.tokens(), tokens].concat();
        model.check_sequence(&whole)?;
        let rope = model.transformer.rope.as_ref();
        let rotation = rope.map_or(0, |rope| rope.rotation(whole.len()));
        // Some models rotate a longer sequence by other angles, from its first token on.
        let is_valid = self.run.rotation == rotation;
        let start = if is_valid { self.run.tokens.len() } else { 0 };
        let sequence = Sequence {
            tokens: &whole,
            interventions: &self.hooks.interventions,
            rotation,
        };
        let new_layers = {
            let hit = CacheHit {
                run: Arc::clone(&self.run),
                shared: start,
            };
            // On a thread of the pool, as `Model::forward` is.
            rayon::scope(|_| {
                let logits = &mut self.logits;
                let transformer = &model.transformer;
                transformer.extend_run(sequence, hit, &self.hooks, logits, cancel)
            })?
        };
        if self.logits.data.iter().any(|logit| !logit.is_finite()) {
            return Err(ModelError::NotFinite {
                model: model.info.name.clone(),
            });
        }
        if !is_valid {
            self.run = Arc::new(model.transformer.empty_run(rotation));
        }
        let Some(run) = Arc::get_mut(&mut self.run) else {
            unreachable!("only a pass shares the run, and the pass has ended");
        };
        run.tokens.extend(&whole[start..]);
        for (layer, new) in run.layers.iter_mut().zip(&new_layers) {
            layer.keys_values.append(&new.keys_values);
        }
        Ok(&self.logits.data)
    }
}

impl Transformer {
    /// A run of no tokens.
    fn empty_run(&self, rotation: usize) -> CachedRun {
        let columns = 2 * self.config.kv_heads * self.config.head_dim;
        let layer = |_| CachedLayer {
            keys_values: Matrix::zeros(0, columns),
            residuals: None,
        };
        CachedRun {
            tokens: Vec::new(),
            interventions: Vec::new(),
            rotation,
            layers: (0..self.config.layers).map(layer).collect(),
            resid_final: Matrix::default(),
            token_logps: Vec::new(),
        }
    }

    /// Computes the tokens of `sequence` after those that it shares with a cached run. Returns
    /// their keys and values, layer by layer, and fills in the logits after the last token.
    ///
    /// # Shapes
    /// → `logits`: `[1, vocab]`.
    ///
    /// # Errors
    /// [`ModelError::Cancelled`] where `cancel` was set between two layers; a device failed.
    fn extend_run(
        &self,
        sequence: Sequence<'_>,
        hit: CacheHit,
        hooks: &Hooks,
        logits: &mut Matrix,
        cancel: &CancelToken,
    ) -> Result<Vec<CachedLayer>, ModelError> {
        let (position, length) = (hit.shared, sequence.tokens.len());
        let past = KvSpan::Cached {
            run: 0,
            count: position,
        };
        let segment = |position, past| Segment {
            start: 0,
            rows: length - hit.shared,
            sequence: 0,
            position,
            past,
        };
        // Without the empty span of an empty run, which would be a product with no columns.
        let segments = [segment(position, vec![past; position.min(1)])];
        // The new rows as a sequence of their own, so that only they are recorded.
        let new_rows = segment(0, Vec::new());
        let angles = |rope: &crate::rope::Rope| rope.angles(position, std::iter::once(length));
        let pass = PassContext {
            hooks,
            hits: &[Some(hit)],
            sequences: &[sequence],
            angles: self.rope.as_ref().map(angles),
        };
        let rows = BatchRows {
            segments: &segments,
            read: &ReadRows::default(),
        };
        let mut scratch = ScratchBuffers::default();
        let mut resid = self.embed(pass.sequences, &segments);
        let mut layers = Vec::with_capacity(self.layers.len());
        for index in 0..self.layers.len() {
            if cancel.is_cancelled() {
                return Err(ModelError::Cancelled);
            }
            self.attention(&pass, index, &segments, &resid, &mut scratch)?;
            layers.push(self.record(&pass, index, &new_rows, &scratch));
            self.mlp(&pass, index, rows, &mut resid, &mut scratch)?;
        }
        self.logits(&resid.select([resid.rows - 1]), logits)?;
        Ok(layers)
    }
}
