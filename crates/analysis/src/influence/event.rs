//! The results of a measurement, one by one.

use crate::error::AnalysisError;
use crate::influence::effect::{InfluenceBaseline, SegmentInfluence};

/// A result of an [`crate::InfluenceRun`].
#[derive(Debug)]
pub enum InfluenceEvent {
    /// The prompt as written was run; the segments of the case follow.
    Case {
        /// Index into [`hoplens_prompt::PromptFile::cases`]; `None` where the file has none.
        case: Option<usize>,
        /// The case's id.
        id: String,
        /// What the case does with the prompt as written.
        baseline: InfluenceBaseline,
        /// The number of segments.
        segments: usize,
    },
    /// A segment was measured.
    Segment(SegmentInfluence),
    /// A case cannot be measured. The cases that follow do not depend on it.
    Failed {
        /// The case's id.
        id: String,
        /// The reason.
        error: AnalysisError,
    },
}
