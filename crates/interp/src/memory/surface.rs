//! What measured cells let one expect of the others: interpolation over layer and magnitude.

use nalgebra::{DMatrix, DVector};

/// Layers over which gains are alike.
const LAYERS: f64 = 1.0;

/// Differences in ln |τ| over which gains are alike.
const MAGNITUDES: f64 = 0.6;

/// What a gain differs by from its neighbours' for no reason; keeps the equations solvable.
const NOISE: f64 = 1e-3;

/// A cell's place among those of one encoding, scope and sign.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Point {
    /// Layer.
    pub(super) layer: f64,
    /// ln |τ|.
    pub(super) magnitude: f64,
}

/// How alike the gains of two cells are: the Matérn kernel of order 3/2, 1 for the same cell.
fn likeness(a: Point, b: Point) -> f64 {
    let layers = (a.layer - b.layer) / LAYERS;
    let magnitudes = (a.magnitude - b.magnitude) / MAGNITUDES;
    let distance = (3.0 * (layers * layers + magnitudes * magnitudes)).sqrt();
    (1.0 + distance) * (-distance).exp()
}

/// What is to be expected at `wanted`, given what was found: the mean of a Gaussian process of
/// mean 0. `None` where the equations cannot be solved.
pub(super) fn posterior_mean(found: &[(Point, f64)], wanted: &[Point]) -> Option<Vec<f64>> {
    let count = found.len();
    let alike = DMatrix::from_fn(count, count, |row, column| {
        let noise = if row == column { NOISE } else { 0.0 };
        likeness(found[row].0, found[column].0) + noise
    });
    let values = DVector::from_iterator(count, found.iter().map(|(_, value)| *value));
    let weights = alike.cholesky()?.solve(&values);
    let expected = |at: &Point| -> f64 {
        let known = found.iter().zip(weights.iter());
        known
            .map(|((point, _), weight)| weight * likeness(*at, *point))
            .sum()
    };
    Some(wanted.iter().map(expected).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_is_expected_there_and_fades_away() {
        let at = |layer, tau: f64| Point {
            layer,
            magnitude: tau.ln(),
        };
        let found = [
            (at(3.0, 4.0), 0.5),
            (at(9.0, 4.0), -0.2),
            (at(4.0, 8.0), 0.8),
        ];
        let wanted = [
            at(3.0, 4.0),
            at(9.0, 4.0),
            at(4.0, 8.0),
            at(4.0, 7.0),
            at(25.0, 4.0),
        ];
        let expected = posterior_mean(&found, &wanted).unwrap();
        for ((_, value), expected) in found.iter().zip(&expected) {
            assert!((value - expected).abs() < 2e-3);
        }
        assert!(expected[3] > 0.6, "beside the best: {}", expected[3]);
        assert!(expected[4].abs() < 1e-6, "far from all");
    }

    #[test]
    fn nothing_found_lets_nothing_expect() {
        let at = Point {
            layer: 1.0,
            magnitude: 0.0,
        };
        assert_eq!(posterior_mean(&[], &[at]), Some(vec![0.0]));
    }
}
