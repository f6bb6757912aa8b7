//! What a prompt's author declares: cases (what should happen) and injections (what is added).
//!
//! Every piece keeps the byte range of the file it was read from, so that a finding can point
//! at it. A range belongs to the file named by [`Origin`].

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// A value with the bytes of the file that hold it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value, unquoted and unescaped.
    pub value: T,
    /// Bytes of the file (see [`Origin`]) that hold it, quotes included.
    pub range: Range<usize>,
}

/// Which file a case or an injection was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The prompt file's own front matter.
    FrontMatter,
    /// The sidecar `<file name>.hoplens.yaml` beside it.
    Sidecar,
}

/// One thing that the prompt should make the model say.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// The name that injections refer to; absent cases are called `#1`, `#2`, … in reports.
    pub id: Option<Spanned<String>>,
    /// Values of the template's variables.
    pub input: serde_json::Map<String, serde_json::Value>,
    /// Accepted answers; their probabilities add up. Empty if the author named none.
    pub expect: Vec<Spanned<String>>,
    /// The chain of hops, first hop first.
    pub hops: Vec<Hop>,
    /// The whole case.
    pub range: Range<usize>,
    /// The file that `range` and all ranges inside belong to.
    pub origin: Origin,
}

/// One hop: an obscure mention in the prompt and the entity it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    /// The phrase as it stands in the rendered prompt.
    pub mention: Spanned<String>,
    /// The entity that the mention stands for.
    pub bridge: Option<Spanned<String>>,
}

/// A memory injection recorded in the file; only hoplens applies it.
#[derive(Debug, Clone, PartialEq)]
pub struct Injection {
    /// The case it belongs to; without one it acts on every case of the file.
    pub case: Option<Spanned<String>>,
    /// The memory's text.
    pub memory: Spanned<String>,
    /// How the text becomes a vector.
    pub encoding: Encoding,
    /// The layer (from 0) to whose attention output the vector is added.
    pub layer: Spanned<usize>,
    /// The head (from 0) to whose output the memory is confined; without one the whole layer.
    pub head: Option<Spanned<usize>>,
    /// Magnitude; negative suppresses.
    pub tau: f64,
    /// The positions it acts on.
    pub scope: Scope,
    /// What was measured when it was written.
    pub measured: Option<Measured>,
    /// The whole list item.
    pub range: Range<usize>,
    /// The file that all the ranges belong to.
    pub origin: Origin,
}

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

/// The effect of an injection as measured when it was written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// `sha256:` and the digest of the model's weights, possibly shortened.
    pub model: String,
    /// Probability of the expected answer without the injection.
    pub before: f64,
    /// … and with it.
    pub after: f64,
}
