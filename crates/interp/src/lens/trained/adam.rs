//! The optimizer Adam (Kingma and Ba, arXiv 1412.6980).

use serde::{Deserialize, Serialize};

const DECAY: (f32, f32) = (0.9, 0.999);
const EPSILON: f32 = 1e-8;

/// The moments of one tensor.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct AdamMoments {
    /// Running mean of the gradients.
    pub(super) first: Vec<f32>,
    /// Running mean of their squares.
    pub(super) second: Vec<f32>,
}

impl AdamMoments {
    pub(super) fn new(values: usize) -> Self {
        Self {
            first: vec![0.0; values],
            second: vec![0.0; values],
        }
    }

    /// Makes the `step`th step (from 1) of `values` against `gradient`.
    pub(super) fn step(&mut self, values: &mut [f32], gradient: &[f32], rate: f32, step: usize) {
        let power = |decay: f32| 1.0 - decay.powi(step.min(1 << 20) as i32);
        let (first_scale, second_scale) = (1.0 / power(DECAY.0), 1.0 / power(DECAY.1));
        let moments = self.first.iter_mut().zip(&mut self.second);
        for ((value, grad), (first, second)) in values.iter_mut().zip(gradient).zip(moments) {
            *first += (1.0 - DECAY.0) * (grad - *first);
            *second += (1.0 - DECAY.1) * (grad * grad - *second);
            let size = (*second * second_scale).sqrt() + EPSILON;
            *value -= rate * *first * first_scale / size;
        }
    }
}

/// The learning rate over the steps.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Schedule {
    /// The peak learning rate, reached after the first steps.
    pub rate: f64,
    /// Steps of the whole training.
    pub steps: usize,
}

impl Schedule {
    /// Returns the rate of the `step`th step (from 1): a linear warm-up over 20 steps, then a
    /// cosine decay to a tenth.
    pub(super) fn rate(&self, step: usize) -> f32 {
        const RISE: f64 = 20.0;
        let rise = (step as f64 / RISE).min(1.0);
        let done = (step as f64 / self.steps.max(1) as f64).min(1.0);
        let fall = 0.55 + 0.45 * (std::f64::consts::PI * done).cos();
        (self.rate * rise * fall) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn converges_to_the_minimum_of_a_quadratic() {
        let mut values = [3.0_f32, -2.0];
        let mut moments = AdamMoments::new(2);
        for step in 1..=2_000 {
            let gradient = [2.0 * (values[0] - 1.0), 20.0 * (values[1] - 0.5)];
            moments.step(&mut values, &gradient, 0.01, step);
        }
        assert!((values[0] - 1.0).abs() < 1e-3 && (values[1] - 0.5).abs() < 1e-3);
    }

    #[test]
    fn the_first_step_has_the_length_of_the_rate() {
        let mut value = [1.0_f32];
        AdamMoments::new(1).step(&mut value, &[1e-4], 0.1, 1);
        assert!((value[0] - 0.9).abs() < 1e-3);
    }
}
