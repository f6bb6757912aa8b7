//! The part of a memory that one head can write.
//!
//! Adding a vector to one head's output equals adding it to the layer's attention output, so a
//! vector that is added "at head 0" does not target that head (the papers' code does this). What
//! distinguishes a head is its range: the vectors z·W_O^h.

use std::sync::Arc;

use crate::memory::encoding::MemoryVector;
use crate::memory::error::MemoryError;
use hoplens_runtime::{Matrix, Model};

/// Projects memories orthogonally on the rows of W_O^h, at each layer.
///
/// # Shapes
/// Each memory: `[width]` → `[layers][width]`.
///
/// # Errors
/// A head that does not exist.
pub(super) fn project_onto_head(
    model: &Model,
    memories: &[MemoryVector],
    head: usize,
) -> Result<Vec<MemoryVector>, MemoryError> {
    let mut layers: Vec<Vec<Arc<[f32]>>> = memories.iter().map(|_| Vec::new()).collect();
    for layer in 0..model.info.layers {
        let basis = basis(&model.head_weights(layer, head)?);
        for (memory, layers) in memories.iter().zip(&mut layers) {
            layers.push(project(memory.at(layer), &basis).into());
        }
    }
    Ok(layers.into_iter().map(MemoryVector::PerLayer).collect())
}

/// Returns an orthonormal basis of the space that the rows span.
///
/// # Shapes
/// `rows`: `[count, width]` → at most `count` vectors of `[width]`.
fn basis(rows: &Matrix) -> Vec<Vec<f64>> {
    // Gram–Schmidt with each row orthogonalized twice: once is inexact for nearly parallel rows.
    let mut basis: Vec<Vec<f64>> = Vec::with_capacity(rows.rows);
    for row in 0..rows.rows {
        let mut rest: Vec<f64> = rows.row(row).iter().copied().map(f64::from).collect();
        let before = dot(&rest, &rest);
        for _ in 0..2 {
            for unit in &basis {
                let along = dot(&rest, unit);
                for (value, unit) in rest.iter_mut().zip(unit) {
                    *value -= along * unit;
                }
            }
        }
        let square = dot(&rest, &rest);
        // A row that the others span leaves only rounding errors.
        if square > 1e-12 * before {
            let length = square.sqrt();
            for value in &mut rest {
                *value /= length;
            }
            basis.push(rest);
        }
    }
    basis
}

/// Projects a vector orthogonally on the span of an orthonormal basis.
///
/// # Shapes
/// `vector`: `[width]` → the same.
fn project(vector: &[f32], basis: &[Vec<f64>]) -> Vec<f32> {
    let vector: Vec<f64> = vector.iter().copied().map(f64::from).collect();
    let mut projected = vec![0.0; vector.len()];
    for unit in basis {
        let along = dot(&vector, unit);
        for (value, unit) in projected.iter_mut().zip(unit) {
            *value += along * unit;
        }
    }
    projected.into_iter().map(|value| value as f32).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_projection_lies_in_the_span_and_its_residual_is_orthogonal(
            count in 1_usize..6,
            values in prop::collection::vec(-10_i8..10, 7 * 9),
        ) {
            let values: Vec<f32> = values.into_iter().map(f32::from).collect();
            let width = 9;
            let (vector, rest) = values.split_at(width);
            let mut rows = Matrix { rows: count, cols: width, data: rest[..count * width].to_vec() };
            let projected = project(vector, &basis(&rows));
            let left: Vec<f64> =
                vector.iter().zip(&projected).map(|(v, p)| f64::from(v - p)).collect();
            for row in 0..count {
                let row: Vec<f64> = rows.row(row).iter().copied().map(f64::from).collect();
                prop_assert!(dot(&left, &row).abs() < 1e-2, "{left:?} · {row:?}");
            }
            // Projecting again changes nothing; neither do linearly dependent rows.
            let again = project(&projected, &basis(&rows));
            rows.data.extend_from_within(..width);
            rows.rows += 1;
            for (other, value) in [again, project(vector, &basis(&rows))].concat().iter().zip(
                projected.iter().chain(&projected),
            ) {
                prop_assert!((other - value).abs() < 1e-3);
            }
        }
    }
}
