//! The effect of a segment's absence.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use hoplens_prompt::SegmentKind;

/// How a segment is taken away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InfluenceMethod {
    /// Its text is deleted, as an author would do, and the prompt is rendered anew.
    #[default]
    Remove,
    /// Its tokens stay, and no later token attends to them in any layer.
    Knockout,
}

/// What a case does with the prompt as written.
#[derive(Debug, Clone, PartialEq)]
pub enum InfluenceBaseline {
    /// The case expects an answer.
    Answer {
        /// Log-probability of the accepted answers, in nats.
        logp: f64,
    },
    /// The case expects none: the model writes this.
    Reply {
        /// The first tokens of the greedy reply.
        text: String,
    },
}

/// The effect of one segment's absence on one case.
#[derive(Debug, Clone, PartialEq)]
pub struct SegmentInfluence {
    /// Index into [`hoplens_prompt::PromptFile::cases`]; `None` where the file has none.
    pub case: Option<usize>,
    /// The kind of the segment.
    pub kind: SegmentKind,
    /// Bytes of the prompt file.
    pub range: Range<usize>,
    /// Log-probability of the accepted answers without the segment minus that with it, in nats.
    /// `None` if the case expects no answer, or if the segment cannot be taken away.
    pub delta_logp: Option<f64>,
    /// Mean divergence, in nats, between the next-token distributions with the segment and without
    /// it, over the first tokens of the greedy reply. `None` if the case expects an answer, or if
    /// the segment cannot be taken away.
    pub kl: Option<f64>,
}

impl SegmentInfluence {
    /// Returns the size of the effect, in nats; `None` if it could not be measured.
    pub fn size(&self) -> Option<f64> {
        self.delta_logp.map(f64::abs).or(self.kl)
    }
}
