//! The steps of an analysis.

/// One unit of work of an analysis. A server queues each as a job of its own, so that the steps of
/// other documents run in between. `case` is an index into [`crate::FileFindings::cases`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnalysisStep {
    /// Runs the probes of every case and derives the verdicts.
    Verdicts,
    /// Searches the repairs of a case that fails.
    Repairs {
        /// The case.
        case: usize,
    },
    /// Measures the control, the side effects and the stability of a case's repairs.
    Evidence {
        /// The case.
        case: usize,
    },
    /// Generates the model's own answer to a prompt without an expected answer.
    Answer {
        /// The case.
        case: usize,
    },
    /// Looks for a hop that the prompt does not declare.
    Undeclared {
        /// The case.
        case: usize,
    },
}

impl AnalysisStep {
    /// The case that the step is about; `None` for the verdicts of all cases.
    pub const fn case(self) -> Option<usize> {
        match self {
            Self::Verdicts => None,
            Self::Repairs { case }
            | Self::Evidence { case }
            | Self::Answer { case }
            | Self::Undeclared { case } => Some(case),
        }
    }
}
