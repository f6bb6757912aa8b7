//! Interpolation of measured gains over layer and magnitude: a Gaussian process.

use std::cmp::Ordering;

use nalgebra::{DMatrix, DVector};

/// The length scale of the kernel over layers.
const LAYER_SCALE: f64 = 1.0;

/// The length scale of the kernel over ln |τ|.
const MAGNITUDE_SCALE: f64 = 0.6;

/// The variance of the noise of a gain; keeps the kernel matrix positive definite.
const NOISE: f64 = 1e-3;

/// The coordinates of a cell among those of one encoding, scope and sign.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Point {
    /// Layer.
    pub(super) layer: f64,
    /// ln |τ|.
    pub(super) magnitude: f64,
}

/// Returns the covariance of the gains of two cells: the Matérn kernel of order 3/2, 1 for the same
/// cell.
fn kernel(a: Point, b: Point) -> f64 {
    let layers = (a.layer - b.layer) / LAYER_SCALE;
    let magnitudes = (a.magnitude - b.magnitude) / MAGNITUDE_SCALE;
    let distance = (3.0 * (layers * layers + magnitudes * magnitudes)).sqrt();
    (1.0 + distance) * (-distance).exp()
}

/// Returns the posterior mean at `points` of a Gaussian process with mean 0, given `measured`
/// values.
/// `None` if the kernel matrix is not positive definite.
pub(super) fn posterior_mean(measured: &[(Point, f64)], points: &[Point]) -> Option<Vec<f64>> {
    let count = measured.len();
    // The decomposition reads the lower triangle only.
    let covariance = DMatrix::from_fn(count, count, |row, column| match row.cmp(&column) {
        Ordering::Less => 0.0,
        Ordering::Equal => 1.0 + NOISE,
        Ordering::Greater => kernel(measured[row].0, measured[column].0),
    });
    let values = DVector::from_iterator(count, measured.iter().map(|(_, value)| *value));
    let weights = covariance.cholesky()?.solve(&values);
    let mean = |at: &Point| -> f64 {
        let weighted = measured.iter().zip(weights.iter());
        weighted
            .map(|((point, _), weight)| weight * kernel(*at, *point))
            .sum()
    };
    Some(points.iter().map(mean).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_posterior_mean_interpolates_and_decays_with_distance() {
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
        assert!(expected[3] > 0.6, "next to the best: {}", expected[3]);
        assert!(expected[4].abs() < 1e-6, "far from all");
    }

    #[test]
    fn without_measurements_the_posterior_mean_is_zero() {
        let at = Point {
            layer: 1.0,
            magnitude: 0.0,
        };
        assert_eq!(posterior_mean(&[], &[at]), Some(vec![0.0]));
    }
}
