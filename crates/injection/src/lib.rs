//! How and where a memory is injected, as plain data: prompt files declare it and the
//! interpretability code executes it. This crate needs neither a model nor tensors.

use serde::{Deserialize, Serialize};

/// How the text of a memory becomes a vector ("Memory Injections", section 4; formulas in
/// `docs/method.md`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// The sum of the embeddings of the memory's tokens.
    Embed,
    /// The sum of the unembedding rows of the memory's tokens, centred on the mean row and
    /// multiplied by the final norm's gain.
    Unembed,
    /// The attention output of each layer at the last position, when the model reads the memory
    /// alone.
    Layerwise,
}

/// The positions that an injection acts on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Every position, BOS included.
    All,
    /// The position of the prompt's last token.
    Last,
    /// The positions of the tokens of a quoted part of the rendered prompt.
    Span(SpanScope),
}

/// A quoted part of the rendered prompt.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SpanScope {
    /// The quoted text.
    pub text: String,
    /// Which occurrence of the text, counted from 1.
    pub nth: usize,
}
