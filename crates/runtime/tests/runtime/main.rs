//! The forward and backward pass against reference numbers, candle and itself.

mod candle_llama;
mod continuation;
mod gradients;
mod reuse;
mod variants;
