//! Memories confined to what one head can write.
//!
//! An addition to one head's output is the same as the addition of that vector to the layer's
//! attention output, so a vector that is added "at head 0" is not targeted at all (the papers'
//! code does this). What makes a head a target is its range: the vectors z·W_O^h.

use std::sync::Arc;

use crate::memory::encode_all;
use crate::memory::encoding::MemoryVector;
use crate::memory::error::MemoryError;
use hoplens_injection::Encoding;
use hoplens_runtime::{BosPolicy, Cancel, Matrix, Model};

/// Encodes a memory as [`super::encode`] does, or, for a `head`, the part of it that the head can write
/// at each layer: of `embed` and `unembed` the orthogonal projection on the rows of W_O^h, of
/// `layerwise` the head's own output r_h at the last position when the model reads the memory
/// alone.
///
/// # Errors
/// As [`super::encode`]; a head that does not exist.
pub fn encode_for(
    model: &Model,
    text: &str,
    encoding: Encoding,
    head: Option<usize>,
    bos: BosPolicy,
    cancel: &Cancel,
) -> Result<MemoryVector, MemoryError> {
    let mut vectors = encode_all(model, &[text], encoding, head, bos, cancel)?;
    vectors
        .pop()
        .ok_or_else(|| MemoryError::NoTokens { text: text.into() })
}

/// What a head can write of memories, at each layer.
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

/// Orthonormal vectors that span what rows span.
///
/// # Shapes
/// `rows`: `[count, width]` → at most `count` vectors of `[width]`.
fn basis(rows: &Matrix) -> Vec<Vec<f64>> {
    // Gram and Schmidt, each row twice: once leaves errors as large as the rows are alike.
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
        // What is left of a row that the others span is rounding.
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

/// The orthogonal projection of a vector on the space of an orthonormal basis.
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
        fn a_projection_lies_in_the_span_and_leaves_what_is_at_right_angles(
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
            // Projected again it stays; rows that say nothing new change nothing.
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
