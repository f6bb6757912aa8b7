//! Text generation: how a model continues a prompt.

pub(crate) mod answer;
pub(crate) mod generate;
pub(crate) mod stream;
