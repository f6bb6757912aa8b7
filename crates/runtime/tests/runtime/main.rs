//! The forward and backward pass against reference numbers, candle and itself.

mod candle_llama;
mod continuation;
mod reuse;
mod slopes;
mod variants;
