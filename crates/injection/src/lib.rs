//! How and where a memory is injected: what prompt files declare and the interpretability code
//! executes, without a model or a tensor.

use serde::{Deserialize, Serialize};

/// How a memory's text becomes a vector ("Memory Injections", section 4; `docs/method.md`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// The sum of the token embeddings.
    Embed,
    /// The sum of the output head's rows, centred, with the final norm's gain folded in.
    Unembed,
    /// The attention output of each layer when the model reads the memory alone.
    Layerwise,
}

/// The positions that an injection acts on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Every position, BOS included.
    All,
    /// The last token of the prompt.
    Last,
    /// The tokens of a quoted piece of the rendered prompt.
    Span(SpanScope),
}

/// A quoted piece of the rendered prompt.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SpanScope {
    /// The quoted text.
    pub text: String,
    /// Which occurrence, from 1.
    pub nth: usize,
}
