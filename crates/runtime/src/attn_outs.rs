//! The attention outputs of short texts that the model reads alone.

use std::sync::Arc;

use crate::attn_out_cache::AttnOuts;
use crate::error::ModelError;
use crate::hooks::{CancelToken, Capture, Hooks, Positions};
use crate::model::Model;

impl Model {
    /// `hook_attn_out` of each layer at the last position of each sequence, without interventions.
    /// The outputs of the sequences that were used last are kept, so that a text that many
    /// measurements need is read once.
    ///
    /// # Shapes
    /// → `[sequences][layers][width]`.
    ///
    /// # Errors
    /// As [`Model::forward`].
    pub fn last_attn_outs(
        &self,
        sequences: &[Vec<u32>],
        cancel: &CancelToken,
    ) -> Result<Vec<Vec<Arc<[f32]>>>, ModelError> {
        let mut known: Vec<Option<AttnOuts>> = {
            let mut cache = self.attn_outs();
            sequences.iter().map(|tokens| cache.find(tokens)).collect()
        };
        let missing: Vec<usize> = (0..known.len()).filter(|at| known[*at].is_none()).collect();
        if !missing.is_empty() {
            let unread: Vec<&[u32]> = missing.iter().map(|at| &sequences[*at][..]).collect();
            let hooks = Hooks::capture(Capture {
                attn_out: Positions::Last,
                ..Capture::default()
            });
            let trace = self.forward(&unread, &hooks, cancel)?;
            let mut cache = self.attn_outs();
            for (row, at) in missing.into_iter().enumerate() {
                let layers = trace.layers.iter();
                let outputs: AttnOuts = layers.map(|kept| kept.attn_out.row(row).into()).collect();
                cache.insert(sequences[at].clone(), outputs.clone());
                known[at] = Some(outputs);
            }
        }
        Ok(known.into_iter().flatten().collect())
    }
}
