//! The rank that a lens gives to some tokens in the residual stream.

use rayon::prelude::*;
use serde::Serialize;

use crate::context::ModelContext;
use crate::lens::jacobian::residual_lens::{ResidualLens, read_residuals};
use hoplens_runtime::{Matrix, ModelError, PromptQuery, rank_of};

/// Positions whose scores are computed at once.
const ROWS: usize = 64;

/// The tokens to look for, and where.
#[derive(Debug, Clone, Copy)]
pub struct ResidualSearch<'a> {
    /// The first position that is read.
    pub first: usize,
    /// The tokens; not empty.
    pub tokens: &'a [u32],
    /// The lens that reads the residuals.
    pub lens: ResidualLens<'a>,
}

/// The position at which a layer's read-out gives one of the tokens its best rank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ResidualRank {
    /// The layer, from 0.
    pub layer: usize,
    /// The position, from 0.
    pub position: usize,
    /// The token.
    pub token: u32,
    /// The number of tokens with a higher score there (0 = top).
    pub rank: usize,
}

/// Finds, for every layer, the position at which the lens gives one of the tokens its best rank;
/// the first one among equals.
///
/// # Errors
/// As [`hoplens_runtime::Model::forward`].
pub fn rank_in_residuals(
    context: ModelContext<'_>,
    query: &PromptQuery,
    search: ResidualSearch<'_>,
) -> Result<Vec<ResidualRank>, ModelError> {
    let residuals = read_residuals(context, query, search.first)?;
    let mut ranks = Vec::with_capacity(residuals.len());
    for (layer, rows) in residuals.iter().enumerate() {
        let mut best: Option<ResidualRank> = None;
        for start in (0..rows.rows).step_by(ROWS) {
            if context.cancel.is_cancelled() {
                return Err(ModelError::Cancelled);
            }
            let part = rows.select(start..rows.rows.min(start + ROWS));
            let scores = search.lens.logits(context.model, layer, &part)?;
            let found = best_rank(&scores, search.tokens).map(|(row, token, rank)| ResidualRank {
                layer,
                position: search.first + start + row,
                token,
                rank,
            });
            best = best.into_iter().chain(found).min_by_key(|one| one.rank);
        }
        ranks.extend(best);
    }
    Ok(ranks)
}

/// The row with the best rank of a token: the row, the token and its rank.
///
/// # Shapes
/// `scores`: `[rows, vocab]`.
fn best_rank(scores: &Matrix, tokens: &[u32]) -> Option<(usize, u32, usize)> {
    let rows = scores.data.par_chunks_exact(scores.cols).enumerate();
    let ranks = rows.filter_map(|(row, scores)| {
        let scored = tokens.iter().filter_map(|token| {
            let score = scores.get(*token as usize)?;
            Some((*token, *score))
        });
        let (best, _) = scored.max_by(|(_, a), (_, b)| a.total_cmp(b))?;
        Some((row, best, rank_of(scores, best)))
    });
    // The row makes the choice among equals the same in every run.
    ranks.min_by_key(|(row, _, rank)| (*rank, *row))
}
