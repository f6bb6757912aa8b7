//! The steps of an analysis.

/// One unit of work of an analysis. The server queues each as its own job, so that steps of other
/// documents can run in between. `case` is an index into [`crate::FileFindings::cases`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnalysisStep {
    /// Runs the probes of every case and derives the verdicts.
    Verdicts,
    /// Searches for repairs of a failing case.
    Repairs {
        /// The case.
        case: usize,
    },
    /// Measures the control, the side effects and the stability of a case's repairs.
    Evidence {
        /// The case.
        case: usize,
    },
    /// Generates replies and looks for the expected answer in them.
    Replies {
        /// The case.
        case: usize,
    },
    /// Generates the model's own answer to a prompt without an expected answer.
    Answer {
        /// The case.
        case: usize,
    },
    /// Looks for an undeclared hop.
    Undeclared {
        /// The case.
        case: usize,
    },
}

impl AnalysisStep {
    /// Returns the step's case; `None` for the verdicts of all cases.
    pub const fn case(self) -> Option<usize> {
        match self {
            Self::Verdicts => None,
            Self::Repairs { case }
            | Self::Evidence { case }
            | Self::Replies { case }
            | Self::Answer { case }
            | Self::Undeclared { case } => Some(case),
        }
    }
}
