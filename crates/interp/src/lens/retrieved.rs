//! What all heads together retrieve at some positions.

use crate::context::ModelContext;
use hoplens_runtime::{Capture, Hooks, Matrix, ModelError, Positions, Reuse, top_k};

/// Where retrieved tokens are read, and how many.
#[derive(Debug, Clone, Copy)]
pub struct Retrieval<'a> {
    /// The positions of the prompt that are read.
    pub positions: &'a [usize],
    /// The number of heads that are read at each position: those with the largest |r_h|.
    pub heads: usize,
    /// The number of tokens that are read from each head.
    pub tokens_per_head: usize,
}

/// Returns the tokens with the highest unembed lens (r_h·w_t, without the norm) of the heads with
/// the largest |r_h| at each position, with that score. They are unordered, and a token occurs once
/// for each head that retrieves it. Leaves out the first third of the layers, whose heads mostly
/// copy the tokens that they attend to.
///
/// # Errors
/// As [`hoplens_runtime::Model::forward`].
pub fn retrieved(
    ModelContext { model, cancel }: ModelContext<'_>,
    tokens: &[u32],
    retrieval: Retrieval<'_>,
) -> Result<Vec<(u32, f32)>, ModelError> {
    let positions = retrieval.positions;
    let first = positions.iter().copied().min().unwrap_or(tokens.len());
    let capture = Capture {
        z: Positions::From(vec![first]),
        ..Capture::default()
    };
    let hooks = Hooks {
        reuse: Reuse::Keys,
        ..Hooks::capture(capture)
    };
    let trace = model.forward(&[tokens], &hooks, cancel)?;
    let mut outputs = Matrix {
        rows: 0,
        cols: model.info.width,
        data: Vec::new(),
    };
    for position in positions
        .iter()
        .filter(|position| **position < tokens.len())
    {
        let mut strongest: Vec<(f32, Vec<f32>)> = Vec::new();
        for (layer, kept) in trace.layers.iter().enumerate().skip(model.info.layers / 3) {
            let r = model.head_outputs(layer, kept.z.row(position - first));
            let rows = (0..r.rows).map(|head| r.row(head));
            strongest.extend(rows.map(|row| (row.iter().map(|v| v * v).sum(), row.to_vec())));
        }
        strongest.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        for (_, row) in strongest.into_iter().take(retrieval.heads) {
            outputs.rows += 1;
            outputs.data.extend(row);
        }
    }
    if outputs.rows == 0 {
        return Ok(Vec::new());
    }
    let scores = model.unembed(&outputs);
    let rows = (0..outputs.rows).flat_map(|row| {
        let row = scores.row(row);
        let best = top_k(row, retrieval.tokens_per_head).into_iter();
        best.map(|best| (best.token, row[best.token as usize]))
    });
    Ok(rows.collect())
}
