//! The model runtime: weights, tokenizer and the instrumented forward pass.
//!
//! [`Model`] is what the parts above use: it owns the weights in f32, the tokenizer and the
//! model's identity. [`Model::forward`] is the only door to the arithmetic; what is read out
//! and what is changed on the way is declared in [`Hooks`].

mod attention;
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
#[doc(hidden)]
pub mod fuzzing;
mod hooks;
mod linear;
mod load;
mod matrix;
mod ops;
mod query;
mod readout;
mod resident;
mod rope;
mod runs;
mod sample;
mod score;
mod speed;
mod tokenizer;
mod trace;
mod transformer;
mod vectors;
mod view;
mod weights;

pub use backward::Slopes;
pub use chat::{ChatTemplate, Message};
pub use config::{Activation, Block, Config, Family, Mlp, NormKind, Position, RopeScaling};
pub use continuation::Continuation;
pub use device::Device;
pub use error::ModelError;
pub use hooks::{
    Action, Cancel, Capture, Fork, Hooks, Intervention, Positions, Reuse, Select, Sequences,
};
pub use load::{CACHE_BYTES, LoadOptions};
pub use matrix::Matrix;
pub use ops::{log_sum_exp, softmax};
pub use query::{Answer, PromptQuery};
pub use resident::{Model, ModelInfo};
pub use sample::{Sampler, Sampling};
pub use score::{Ranked, Reading, Score, kl, log_softmax, log_softmax_at, rank_of, top_k};
pub use speed::gemm_peak;
pub use tokenizer::{BosPolicy, Token, Tokenizer};
pub use trace::{LayerTrace, Trace};
pub use view::View;
pub use weights::{ModuleNames, module_names};
