//! The results of an analysis, step by step.

use crate::case::findings::{CaseOutcome, FileFindings};
use crate::error::AnalysisError;
use crate::generation::answer::ModelAnswer;
use crate::hop::undeclared::Undeclared;
use crate::pipeline::step::AnalysisStep;
use crate::repair::measured_repair::Repair;
use crate::reply::reply_search::ReplySearch;

/// The result of one [`AnalysisStep`]. `case` is an index into [`FileFindings::cases`].
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "an event is moved once, from the step to its consumer"
)]
pub enum AnalysisEvent {
    /// The probes and verdicts of all cases.
    Verdicts(FileFindings),
    /// The repairs of a case, best first.
    Repairs {
        /// The case.
        case: usize,
        /// Its repairs, without evidence.
        repairs: Vec<Repair>,
        /// Whether an [`AnalysisEvent::Evidence`] follows for them.
        needs_evidence: bool,
    },
    /// The repairs of a case with their evidence.
    Evidence {
        /// The case.
        case: usize,
        /// Its repairs.
        repairs: Vec<Repair>,
    },
    /// The replies in which the expected answer was looked for.
    Replies {
        /// The case.
        case: usize,
        /// The replies.
        found: ReplySearch,
    },
    /// The model's own answer to a prompt without an expected answer.
    Answer {
        /// The case.
        case: usize,
        /// The answer; `None` if it is empty or too long.
        answer: Option<ModelAnswer>,
    },
    /// An undeclared hop.
    Undeclared {
        /// The case.
        case: usize,
        /// The hop, if one was found.
        found: Option<Undeclared>,
    },
    /// A step failed. The steps that follow do not depend on it.
    Failed {
        /// The case.
        case: usize,
        /// The step.
        step: AnalysisStep,
        /// The reason.
        error: AnalysisError,
    },
}

impl AnalysisEvent {
    /// Stores the result in the findings of the file. Verdicts replace all findings.
    pub fn apply(self, findings: &mut Option<FileFindings>) {
        match self {
            Self::Verdicts(found) => *findings = Some(found),
            Self::Repairs {
                case,
                repairs,
                needs_evidence,
            } => update(findings, case, |outcome| {
                outcome.repairs = Some(repairs);
                outcome.has_evidence = !needs_evidence;
            }),
            Self::Evidence { case, repairs } => update(findings, case, |outcome| {
                outcome.repairs = Some(repairs);
                outcome.has_evidence = true;
            }),
            Self::Replies { case, found } => {
                update(findings, case, |outcome| outcome.replies = Some(found));
            }
            Self::Answer { case, answer } => {
                update(findings, case, |outcome| outcome.answer = answer);
            }
            Self::Undeclared { case, found } => {
                update(findings, case, |outcome| outcome.undeclared = found);
            }
            Self::Failed { .. } => {}
        }
    }
}

fn update(findings: &mut Option<FileFindings>, case: usize, change: impl FnOnce(&mut CaseOutcome)) {
    let case = findings
        .as_mut()
        .and_then(|found| found.cases.get_mut(case));
    if let Some(Ok(outcome)) = case.map(|case| case.outcome.as_mut()) {
        change(outcome);
    }
}
