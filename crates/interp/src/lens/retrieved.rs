//! What all heads together retrieve at some positions.

use hoplens_runtime::{Cancel, Capture, Hooks, Matrix, Model, ModelError, Positions, Reuse, top_k};

/// The `top` tokens of the unembed lens (r_h·w_t, no norm) of the `heads` heads that write most
/// (|r_h|) at each of `positions`, with that score; in no order, and a token as often as heads
/// retrieve it. The first third of the layers is left out: its heads mostly copy what they look
/// at.
///
/// # Errors
/// As [`Model::forward`].
pub fn retrieved(
    model: &Model,
    tokens: &[u32],
    positions: &[usize],
    heads: usize,
    top: usize,
    cancel: &Cancel,
) -> Result<Vec<(u32, f32)>, ModelError> {
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
        let mut loudest: Vec<(f32, Vec<f32>)> = Vec::new();
        for (layer, kept) in trace.layers.iter().enumerate().skip(model.info.layers / 3) {
            let r = model.head_outputs(layer, kept.z.row(position - first));
            let rows = (0..r.rows).map(|head| r.row(head));
            loudest.extend(rows.map(|row| (row.iter().map(|v| v * v).sum(), row.to_vec())));
        }
        loudest.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        for (_, row) in loudest.into_iter().take(heads) {
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
        let best = top_k(row, top).into_iter();
        best.map(|best| (best.token, row[best.token as usize]))
    });
    Ok(rows.collect())
}
