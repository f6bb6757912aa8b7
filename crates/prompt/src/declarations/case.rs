//! The declarations in a prompt file: cases (what should happen) and injections (what is added).
//!
//! Every part keeps the byte range that it was read from, so that a finding can point at it. A
//! range belongs to the file given by [`Origin`].

use crate::declarations::spanned::Origin;
use crate::declarations::spanned::Spanned;
use std::ops::Range;

use hoplens_injection::{Encoding, Scope};
use serde::{Deserialize, Serialize};

use crate::declarations::answer_match::AnswerMatch;
use crate::declarations::input_value::InputValue;
use crate::declarations::reference_reply::ReferenceReply;

/// An expected answer of the prompt, with the input and the hops that lead to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// The name that injections refer to. Cases without one are called `#1`, `#2`, … in reports,
    /// and a row of a matrix is called `reef[thing=coral]`.
    pub id: Option<Spanned<String>>,
    /// The row that it was made from, if the case has a matrix. All rows share one `range`.
    pub row: Option<Row>,
    /// Values of the template's variables.
    pub input: serde_json::Map<String, serde_json::Value>,
    /// Accepted answers; their probabilities add up. Empty if the author declared none.
    pub expect: Vec<Spanned<String>>,
    /// How the accepted answers are compared with the model's reply.
    pub answer_match: AnswerMatch,
    /// Whether the reply must have all of the accepted answers, and not only one of them.
    pub requires_all: bool,
    /// Whether a chat model continues the text of a prompt without roles, instead of reading it as
    /// one user message.
    pub raw: bool,
    /// The first words of the model's reply, which are given; the answer comes behind them.
    pub prefill: Option<Spanned<String>>,
    /// A whole reply that is scored.
    pub reference: Option<ReferenceReply>,
    /// The chain of hops, first hop first.
    pub hops: Vec<Hop>,
    /// The whole case.
    pub range: Range<usize>,
    /// The file that `range` and all ranges inside belong to.
    pub origin: Origin,
    /// The fence that contains the prompt, from 0, in a Markdown file.
    pub fence: Option<usize>,
    /// Why no model is asked: something that hoplens cannot run answers the prompt.
    pub answered_elsewhere: Option<String>,
}

/// The row of a matrix from which a case was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The id of the declared case, or `#` and the number of its first row if it has no id.
    pub of: String,
    /// The variables in brackets: `[thing=coral,place=sea]`.
    pub label: String,
    /// The ranges of the values that make the row, and of the case's own `input` that no value of
    /// the row replaces.
    pub scalars: Vec<Range<usize>>,
}

impl Case {
    /// Returns a case without answers, hops and values.
    pub fn new(range: Range<usize>, origin: Origin) -> Self {
        Self {
            id: None,
            row: None,
            input: serde_json::Map::new(),
            expect: Vec::new(),
            answer_match: AnswerMatch::default(),
            requires_all: false,
            raw: false,
            prefill: None,
            reference: None,
            hops: Vec::new(),
            range,
            origin,
            fence: None,
            answered_elsewhere: None,
        }
    }

    /// Whether a reply of the model (behind `prefill`) is one that the author accepts; `None` if
    /// there is no accepted answer.
    pub fn accepts_reply(&self, reply: &str) -> Option<bool> {
        if self.expect.is_empty() {
            return None;
        }
        let mut answers = self.expect.iter();
        let matches = |answer: &Spanned<String>| self.answer_match.is_match(&answer.value, reply);
        Some(if self.requires_all {
            answers.all(matches)
        } else {
            answers.any(matches)
        })
    }

    /// Returns the declared id, which all rows of a matrix share.
    pub(crate) fn declared_id(&self) -> Option<&str> {
        match &self.row {
            Some(row) => Some(row.of.as_str()).filter(|of| !of.is_empty()),
            None => self.id.as_ref().map(|id| id.value.as_str()),
        }
    }

    /// Whether this case's variable takes its text from the scalar at `input`.
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

/// One hop: an obscure mention in the prompt and the entity that it refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    /// The phrase as the rendered prompt contains it.
    pub mention: Spanned<String>,
    /// The entity that the mention refers to.
    pub bridge: Option<Spanned<String>>,
}

/// A memory injection recorded in the file; only hoplens applies it.
#[derive(Debug, Clone, PartialEq)]
pub struct Injection {
    /// The case that it belongs to; without one it acts on every case of the file.
    pub case: Option<Spanned<String>>,
    /// The memory's text.
    pub memory: Spanned<String>,
    /// How the text becomes a vector.
    pub encoding: Encoding,
    /// The layer (from 0) to whose attention output the vector is added.
    pub layer: Spanned<usize>,
    /// The head (from 0) to whose output the memory is restricted; `None` for the whole layer.
    pub head: Option<Spanned<usize>>,
    /// Magnitude; negative suppresses.
    pub tau: f64,
    /// The positions it acts on.
    pub scope: Scope,
    /// The effect that was measured when the injection was written.
    pub measured: Option<Measured>,
    /// The bytes of the map with these measurements.
    pub measured_range: Option<Range<usize>>,
    /// The whole list item.
    pub range: Range<usize>,
    /// The file that all the ranges belong to.
    pub origin: Origin,
    /// The fence that declares it, from 0, in a Markdown file; it acts only on that fence's cases.
    pub fence: Option<usize>,
}

impl Injection {
    /// Whether it acts on the case that is called `id` in reports. An injection without a case acts
    /// on every case; one that names a case with a matrix acts on all of its rows.
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
    /// Probability of the expected answer with the injection.
    pub after: f64,
}
