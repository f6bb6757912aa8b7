//! The shape of a transformer, as data: every difference between the families that hoplens runs.

mod architecture;
mod family;
mod gguf;
mod hugging_face;
mod model_config;
mod scaling;

pub use architecture::{Activation, Block, Mlp, NormKind, PositionalEmbedding};
pub use family::Family;
pub(crate) use gguf::from_gguf;
pub(crate) use hugging_face::{from_hugging_face, token_ids};
pub use model_config::Config;
pub use scaling::RopeScaling;
