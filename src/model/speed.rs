//! What the arithmetic costs, and what this machine can do.

use std::time::Instant;

use gemm::Parallelism;

use super::config::{Config, Mlp};
use super::load::Model;

/// Rows, columns and depth of the product that the peak is measured with: large enough that
/// memory does not matter.
const SIDE: usize = 1536;

/// Floating point operations per second of the best of `runs` large f32 products on all threads.
pub fn gemm_peak(runs: usize) -> f64 {
    let a = vec![0.5_f32; SIDE * SIDE];
    let b = vec![0.25_f32; SIDE * SIDE];
    let mut c = vec![0.0_f32; SIDE * SIDE];
    let best = (0..runs.max(1))
        .map(|_| {
            let start = Instant::now();
            #[expect(unsafe_code, reason = "gemm takes raw pointers")]
            // SAFETY: all three matrices are `SIDE × SIDE`.
            unsafe {
                gemm::gemm(
                    SIDE,
                    SIDE,
                    SIDE,
                    c.as_mut_ptr(),
                    1,
                    SIDE as isize,
                    false,
                    a.as_ptr(),
                    1,
                    SIDE as isize,
                    b.as_ptr(),
                    1,
                    SIDE as isize,
                    0.0,
                    1.0,
                    false,
                    false,
                    false,
                    Parallelism::Rayon(0),
                );
            }
            start.elapsed().as_secs_f64()
        })
        .fold(f64::INFINITY, f64::min);
    2.0 * (SIDE as f64).powi(3) / best
}

impl Model {
    /// Floating point operations of the matrix products of a pass over `rows` tokens of which
    /// `logits` rows reach the output head; attention, which grows with the square, included for
    /// sequences of `length` tokens.
    pub fn flops(&self, rows: usize, length: usize, logits: usize) -> f64 {
        let Config {
            layers,
            width,
            heads,
            kv_heads,
            head_dim,
            mlp_width,
            vocab,
            mlp,
            ..
        } = *self.config();
        let attention = width * (heads + 2 * kv_heads) * head_dim + heads * head_dim * width;
        let maps = match mlp {
            Mlp::Plain(_) => 2,
            Mlp::Gated(_) => 3,
        };
        let weights = layers * (attention + maps * width * mlp_width);
        let scores = layers * 2 * length * heads * head_dim;
        2.0 * (rows as f64 * (weights + scores) as f64 + (logits * width * vocab) as f64)
    }
}
