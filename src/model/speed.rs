//! What the arithmetic costs, and what this machine can do.

use std::time::Instant;

use gemm::Parallelism;

use super::config::{Config, Mlp};
use super::resident::Model;

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
    /// Floating point operations of the matrix products of a variant that leaves a run of `length`
    /// tokens at `layer` with its last `rows` tokens, and whose last token reaches the output head.
    pub fn fork_flops(&self, layer: usize, rows: usize, length: usize) -> f64 {
        let Config { layers, .. } = *self.config();
        let whole = self.flops(rows, length, 0) / layers as f64;
        let attention = 2.0 * rows as f64 * self.attention_weights(length) as f64;
        // It leaves between the halves of its first block.
        whole * (layers - layer) as f64 - attention + self.flops(0, 0, 1)
    }

    /// Multiplications of one token in a block's attention.
    fn attention_weights(&self, length: usize) -> usize {
        let Config {
            width,
            heads,
            kv_heads,
            head_dim,
            ..
        } = *self.config();
        width * (heads + 2 * kv_heads) * head_dim
            + heads * head_dim * width
            + 2 * length * heads * head_dim
    }

    /// Floating point operations of the matrix products of a pass over `rows` tokens of which
    /// `logits` rows reach the output head; attention, which grows with the square, included for
    /// sequences of `length` tokens.
    pub fn flops(&self, rows: usize, length: usize, logits: usize) -> f64 {
        let Config {
            layers,
            width,
            mlp_width,
            vocab,
            mlp,
            ..
        } = *self.config();
        let maps = match mlp {
            Mlp::Plain(_) => 2,
            Mlp::Gated(_) => 3,
        };
        let weights = layers * (self.attention_weights(length) + maps * width * mlp_width);
        2.0 * (rows as f64 * weights as f64 + (logits * width * vocab) as f64)
    }
}
