//! Weights from files, as f32, packed for the forward pass.

mod build;
mod control_vector;
mod gguf;
mod names;
mod safetensors;
mod tensor_source;

pub(crate) use build::{FileKind, build};
pub(crate) use gguf::GgufFile;
pub use names::{ModuleNames, module_names};
pub(crate) use safetensors::{SafetensorsFile, SafetensorsFolder};
pub(crate) use tensor_source::TensorSource;
