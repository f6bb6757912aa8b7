//! The forward and backward pass against reference numbers, candle and itself.

mod candle_llama;
mod continuation;
mod gradients;
mod jacobians;
mod knockout;
mod reuse;
mod shared_work;
mod variants;
