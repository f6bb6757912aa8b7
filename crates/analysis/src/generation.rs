//! What a model writes behind a prompt.

pub(crate) mod answer;
pub(crate) mod generate;
pub(crate) mod stream;
