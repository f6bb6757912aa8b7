//! What a prompt's author declares: cases (what should happen) and injections (what is added).
//!
//! Every piece keeps the byte range of the file it was read from, so that a finding can point
//! at it. A range belongs to the file named by [`Origin`].

use crate::declarations::spanned::Origin;
use crate::declarations::spanned::Spanned;
use std::ops::Range;

use hoplens_injection::{Encoding, Scope};
use serde::{Deserialize, Serialize};

use crate::declarations::input_value::InputValue;

/// One thing that the prompt should make the model say.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// The name that injections refer to; absent cases are called `#1`, `#2`, … in reports.
    /// A row of a matrix is called `reef[thing=coral]`.
    pub id: Option<Spanned<String>>,
    /// The row it was made of, if it was declared with a matrix; all rows share one `range`.
    pub row: Option<Row>,
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
    /// The fence whose prompt it is, from 0, in a Markdown file.
    pub fence: Option<usize>,
}

/// The row of a matrix that a case was made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The id of the declared case, or `#` and the number of its first row where it has none.
    pub of: String,
    /// The variables in brackets: `[thing=coral,place=sea]`.
    pub label: String,
    /// Where the values stand that make the row, and those of the case's own `input`.
    pub scalars: Vec<Range<usize>>,
}

impl Case {
    /// The id in its declaration, which all rows of a matrix share.
    pub(crate) fn declared_id(&self) -> Option<&str> {
        match &self.row {
            Some(row) => Some(row.of.as_str()).filter(|of| !of.is_empty()),
            None => self.id.as_ref().map(|id| id.value.as_str()),
        }
    }

    /// Whether the scalar at `input` is where this case's variable has its text from.
    pub(crate) fn takes(&self, input: &InputValue) -> bool {
        let here = input.case.as_ref() == Some(&self.range) && input.origin == self.origin;
        // The rows of a matrix share their range.
        let row = self.row.as_ref();
        here && row.is_none_or(|row| row.scalars.is_empty() || row.scalars.contains(&input.range))
            && match self.input.get(&input.name) {
                Some(serde_json::Value::String(text)) => *text == input.value,
                _ => true,
            }
    }
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
    /// Where that stands: the bytes of its map.
    pub measured_range: Option<Range<usize>>,
    /// The whole list item.
    pub range: Range<usize>,
    /// The file that all the ranges belong to.
    pub origin: Origin,
    /// The fence that declares it, from 0, in a Markdown file; it acts on no other fence's cases.
    pub fence: Option<usize>,
}

impl Injection {
    /// Whether it acts on the case that is called `id` in reports: on every case if it names
    /// none, and on all rows of a matrix if it names the declared case.
    pub fn acts_on(&self, case: Option<&Case>, id: &str) -> bool {
        let fence = case.and_then(|case| case.fence);
        if self.fence.is_some() && self.fence != fence {
            return false;
        }
        let row = case.and_then(|case| case.row.as_ref());
        self.case.as_ref().is_none_or(|wanted| {
            wanted.value == id || row.is_some_and(|row| row.of == wanted.value)
        })
    }
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
