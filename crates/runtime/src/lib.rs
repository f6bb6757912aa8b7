//! The model runtime: weights, tokenizers, chat templates and the instrumented forward and
//! backward pass.
//!
//! [`Model`] owns the weights in f32, the tokenizer and the model's identity. [`Model::forward`]
//! runs it; [`Hooks`] declare which activations the pass captures and what it changes, and
//! [`ActivationCache`] holds what it captured.

mod activation_cache;
mod attention;
mod attn_out_cache;
mod attn_outs;
mod backward;
mod batch;
mod block;
mod chat;
mod checks;
mod config;
mod continuation;
mod device;
mod error;
mod exp;
mod forward;
#[doc(hidden)]
pub mod fuzzing;
mod head_layout;
mod hook_point;
mod hooks;
mod knockout;
mod linear;
mod load;
mod logits;
mod matrix;
mod matrix_view;
mod model;
mod ops;
mod pass;
mod query;
mod read_rows;
mod readout;
mod rope;
mod run_cache;
mod sample;
mod score;
mod speed;
mod tokenizer;
mod transformer;
mod vectors;
mod weights;

pub use activation_cache::{ActivationCache, LayerActivations};
pub use backward::{AttnOutGradients, JacobianTrace};
pub use chat::{ChatTemplate, Message};
pub use config::{
    Activation, Block, Config, Family, Mlp, NormKind, PositionalEmbedding, RopeScaling,
};
pub use continuation::Continuation;
pub use device::Device;
pub use error::ModelError;
pub use hook_point::HookPoint;
pub use hooks::{
    CancelToken, Capture, Fork, Hooks, Intervention, InterventionAction, Positions, Reuse,
    Sequences, TargetPositions,
};
pub use load::{CACHE_BYTES, LoadOptions};
pub use logits::{FirstTokenScore, RankedToken, kl, log_softmax, log_softmax_at, rank_of, top_k};
pub use matrix::Matrix;
pub use matrix_view::MatrixView;
pub use model::{Model, ModelInfo};
pub use ops::{log_sum_exp, softmax};
pub use query::{Answer, PromptQuery};
pub use sample::{Sampler, SamplingParams};
pub use score::Score;
pub use speed::gemm_peak;
pub use tokenizer::{BosPolicy, Token, Tokenizer};
pub use weights::{ModuleNames, module_names};
