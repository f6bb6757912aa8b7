//! Read-outs of the residual stream: the logit lens and the Jacobian lens.

use crate::context::ModelContext;
use crate::lens::jacobian::jacobian_lens::JacobianLens;
use hoplens_runtime::{Capture, Hooks, Matrix, Model, ModelError, Positions, PromptQuery, Reuse};

/// A lens on the residual stream: a map from a residual to scores of tokens.
#[derive(Debug, Clone, Copy)]
pub enum ResidualLens<'a> {
    /// The logit lens: W_U·norm_final(h).
    Logit,
    /// The Jacobian lens: W_U·norm_final(J_l·h).
    Jacobian(&'a JacobianLens),
}

impl ResidualLens<'_> {
    /// The tokens' scores for residuals after block `layer`.
    ///
    /// # Shapes
    /// `residuals`: `[n, width]` → `[n, vocab]`.
    ///
    /// # Errors
    /// The layer does not exist; a device failed.
    pub fn logits(
        self,
        model: &Model,
        layer: usize,
        residuals: &Matrix,
    ) -> Result<Matrix, ModelError> {
        model.check_layer(layer)?;
        match self {
            Self::Logit => model.final_logits(residuals),
            Self::Jacobian(lens) => model.final_logits(&lens.apply(layer, residuals)),
        }
    }
}

/// Returns the residuals after every block at the positions from `first` on.
///
/// # Shapes
/// → for each layer `[n − first, width]`.
///
/// # Errors
/// As [`Model::forward`].
pub fn read_residuals(
    context: ModelContext<'_>,
    query: &PromptQuery,
    first: usize,
) -> Result<Vec<Matrix>, ModelError> {
    let positions = Positions::From(vec![first]);
    let hooks = Hooks {
        reuse: Reuse::Keys,
        interventions: query.interventions.clone(),
        ..Hooks::capture(Capture {
            resid_pre: positions.clone(),
            resid_final: positions,
            ..Capture::default()
        })
    };
    let trace = context
        .model
        .forward(&[&query.ids()], &hooks, context.cancel)?;
    // What a block leaves is what the next one reads.
    let layers = trace.layers.into_iter().skip(1).map(|kept| kept.resid_pre);
    Ok(layers.chain([trace.resid_final]).collect())
}
