//! What `fuzz/` calls: the readers of model files, on bytes in memory. Nothing else should.
//!
//! Each function reads as much of a hostile file as loading a model would, and may fail in any
//! way but a panic, an endless loop or an allocation that the bytes do not warrant.

pub use crate::model::fuzzing::{gguf, safetensors, tokenizer};
