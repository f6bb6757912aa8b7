//! The influence of the segments of one file.

use crate::influence::effect::{InfluenceBaseline, InfluenceMethod, SegmentInfluence};
use crate::influence::event::InfluenceEvent;

/// An effect on the answer below this, in nats, is no more than what any unrelated sentence has: the
/// answer's probability changes by less than a twentieth of itself.
const NEGLIGIBLE_LOGP: f64 = 0.05;
/// The same for the mean divergence along a reply: what that change of one probability amounts to.
const NEGLIGIBLE_KL: f64 = 0.001;

/// The influence of the segments of one prompt file, as far as it is measured.
#[derive(Debug, Clone, PartialEq)]
pub struct FileInfluence {
    /// How segments were taken away.
    pub method: InfluenceMethod,
    /// The cases that were run.
    pub cases: Vec<CaseBaseline>,
    /// The effects, by case and in the order of the prompt.
    pub segments: Vec<SegmentInfluence>,
    /// The ids of the cases that could not be run, with the reason.
    pub failures: Vec<(String, String)>,
}

/// A case with the prompt as written.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseBaseline {
    /// Index into [`hoplens_prompt::PromptFile::cases`]; `None` where the file has none.
    pub case: Option<usize>,
    /// The case's id.
    pub id: String,
    /// What it does with the prompt as written.
    pub baseline: InfluenceBaseline,
}

impl FileInfluence {
    /// Returns a file of which nothing is measured.
    pub const fn new(method: InfluenceMethod) -> Self {
        Self {
            method,
            cases: Vec::new(),
            segments: Vec::new(),
            failures: Vec::new(),
        }
    }

    /// Stores a result.
    pub fn apply(&mut self, event: InfluenceEvent) {
        match event {
            InfluenceEvent::Case {
                case, id, baseline, ..
            } => self.cases.push(CaseBaseline { case, id, baseline }),
            InfluenceEvent::Segment(segment) => self.segments.push(segment),
            InfluenceEvent::Failed { id, error } => self.failures.push((id, error.to_string())),
        }
    }

    /// Returns the segments of a case.
    pub fn of_case(&self, case: Option<usize>) -> impl Iterator<Item = &SegmentInfluence> {
        let segments = self.segments.iter();
        segments.filter(move |segment| segment.case == case)
    }
}

impl SegmentInfluence {
    /// Returns whether the segment's absence has no effect that can be told from none; `None` if it
    /// could not be measured.
    pub fn is_negligible(&self) -> Option<bool> {
        let answer = self.delta_logp.map(|delta| delta.abs() < NEGLIGIBLE_LOGP);
        answer.or(self.kl.map(|kl| kl < NEGLIGIBLE_KL))
    }
}
