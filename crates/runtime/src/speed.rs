//! The arithmetic cost of a pass, and the peak speed of this machine.

use std::time::Instant;

use gemm::Parallelism;

use crate::config::{Config, Mlp};
use crate::model::Model;
use crate::transformer::LayerWeights;

/// Rows, columns and depth of the product that measures the peak: large enough that memory is not
/// the limit.
const SIDE: usize = 1536;

/// The peak floating point operations per second: the best of `runs` large f32 products on all
/// threads.
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
    /// Reads every weight that a pass reads, once and on all threads, and returns their size in bytes.
    /// No pass is faster than this, however short its prompt.
    pub fn read_weights(&self) -> usize {
        let layers = self.transformer.layers.iter();
        let maps = layers
            .flat_map(LayerWeights::maps)
            .chain([self.transformer.head()]);
        rayon::scope(|_| maps.map(|map| std::hint::black_box(map.read())).sum())
    }

    /// Floating point operations of the matrix products of a pass over the last `rows` of `length`
    /// tokens, of which `logits` rows reach the output head. Attention counts only the positions that
    /// a token sees.
    pub fn flops(&self, rows: usize, length: usize, logits: usize) -> f64 {
        let Config {
            layers,
            width,
            vocab,
            ..
        } = *self.config();
        let blocks = layers as f64 * (self.attention_flops(rows, length) + self.mlp_flops(rows));
        blocks + 2.0 * (logits * width * vocab) as f64
    }

    /// Floating point operations of the matrix products of a fork that starts at `layer` and computes
    /// the last `rows` of `length` tokens, of which the last one reaches the output head.
    pub fn fork_flops(&self, layer: usize, rows: usize, length: usize) -> f64 {
        let above = (self.config().layers - layer - 1) as f64;
        // A fork starts between the halves of its first block.
        above * self.attention_flops(rows, length)
            + (above + 1.0) * self.mlp_flops(rows)
            + self.flops(0, 0, 1)
    }

    /// Floating point operations of one block's attention, for the last `rows` of `length` tokens.
    fn attention_flops(&self, rows: usize, length: usize) -> f64 {
        let Config {
            width,
            heads,
            kv_heads,
            head_dim,
            ..
        } = *self.config();
        let maps = width * (heads + 2 * kv_heads) * head_dim + heads * head_dim * width;
        let seen = length as f64 - (rows.max(1) - 1) as f64 / 2.0;
        let scores = 2.0 * seen * (heads * head_dim) as f64;
        2.0 * rows as f64 * (maps as f64 + scores)
    }

    /// Floating point operations of one block's MLP, for `rows` tokens.
    fn mlp_flops(&self, rows: usize) -> f64 {
        let Config {
            width,
            mlp_width,
            mlp,
            ..
        } = *self.config();
        let maps = match mlp {
            Mlp::Plain(_) => 2,
            Mlp::Gated(_) => 3,
        };
        2.0 * (rows * maps * width * mlp_width) as f64
    }
}
