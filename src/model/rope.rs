//! Rotary positions.

use super::config::{Position, RopeScaling};

/// Cosines and sines of every position and frequency.
#[derive(Debug, Clone)]
pub(crate) struct Rope {
    /// Rotated dimensions of a head.
    dims: usize,
    interleaved: bool,
    /// Radians per position, one per pair of dimensions.
    frequencies: Vec<f32>,
}

impl Rope {
    /// The rotation that `position` asks for; `None` where positions are learned vectors.
    pub(crate) fn new(position: &Position) -> Option<Self> {
        let Position::Rotary {
            dims,
            interleaved,
            theta,
            scaling,
        } = position
        else {
            return None;
        };
        let frequencies = (0..dims / 2)
            .map(|pair| {
                let frequency = theta.powf(-2.0 * pair as f64 / *dims as f64);
                scale(frequency, scaling) as f32
            })
            .collect();
        Some(Self {
            dims: *dims,
            interleaved: *interleaved,
            frequencies,
        })
    }

    /// Divides each frequency by its own divisor; false where the counts differ.
    pub(crate) fn divide(&mut self, divisors: &[f32]) -> bool {
        for (frequency, divisor) in self.frequencies.iter_mut().zip(divisors) {
            *frequency /= divisor;
        }
        self.frequencies.len() == divisors.len()
    }

    /// Cosine and sine of each frequency at `position`.
    pub(crate) fn angles(&self, position: usize) -> Vec<(f32, f32)> {
        self.frequencies
            .iter()
            .map(|frequency| {
                let (sin, cos) = (position as f32 * frequency).sin_cos();
                (cos, sin)
            })
            .collect()
    }

    /// Rotates one head's query or key.
    pub(crate) fn rotate(&self, head: &mut [f32], angles: &[(f32, f32)]) {
        let half = self.dims / 2;
        for (pair, (cos, sin)) in angles.iter().enumerate() {
            let (first, second) = if self.interleaved {
                (2 * pair, 2 * pair + 1)
            } else {
                (pair, pair + half)
            };
            let (a, b) = (head[first], head[second]);
            head[first] = a * cos - b * sin;
            head[second] = b * cos + a * sin;
        }
    }
}

/// Adjusts one frequency (radians per position) for long contexts.
fn scale(frequency: f64, scaling: &RopeScaling) -> f64 {
    match *scaling {
        RopeScaling::None => frequency,
        RopeScaling::Linear { factor } => frequency / factor,
        RopeScaling::Llama3 {
            factor,
            low,
            high,
            original_context,
        } => {
            let wavelength = 2.0 * std::f64::consts::PI / frequency;
            if wavelength < original_context / high {
                frequency
            } else if wavelength > original_context / low {
                frequency / factor
            } else {
                let smooth = (original_context / wavelength - low) / (high - low);
                (1.0 - smooth) * frequency / factor + smooth * frequency
            }
        }
    }
}
