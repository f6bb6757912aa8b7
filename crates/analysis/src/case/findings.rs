//! The findings of an analysis, by case.

use crate::case::query::CaseQuery;
use crate::generation::answer::ModelAnswer;
use crate::hop::probe::{Probes, TokenReading};
use crate::hop::undeclared::Undeclared;
use crate::hop::variant::Variant;
use crate::hop::verdict::Verdict;
use crate::repair::measured_repair::Repair;
use crate::settings::Thresholds;
use hoplens_prompt::{MappedText, Problem};
use hoplens_runtime::ModelInfo;

/// What a model does with one prompt file.
#[derive(Debug, Clone, PartialEq)]
pub struct FileFindings {
    /// The model that was asked.
    pub model: ModelInfo,
    /// What decided the verdicts.
    pub thresholds: Thresholds,
    /// One per case; a file without cases has one without an expected answer.
    pub cases: Vec<CaseFindings>,
    /// Injections that this model cannot take; the cases were asked without them.
    pub problems: Vec<Problem>,
}

/// What a model does with one case.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseFindings {
    /// Index into [`hoplens_prompt::PromptFile::cases`]; `None` where the file has none.
    pub case: Option<usize>,
    /// The case's id, or `#1`, `#2`, … in the order of the file.
    pub id: String,
    /// The prompt as the model reads it, and where it comes from.
    pub rendered: MappedText,
    /// The case as the model meets it.
    pub query: CaseQuery,
    /// The prompt's tokens.
    pub tokens: Vec<TokenReading>,
    /// Whether a variable without a value left a hole in the prompt.
    pub has_holes: bool,
    /// What the model says, or why it could not be asked.
    pub outcome: Result<CaseOutcome, String>,
}

/// What the probes and the search for repairs found.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseOutcome {
    /// The probes.
    pub probes: Probes,
    /// Absent where no answer is expected.
    pub verdict: Option<Verdict>,
    /// Best first. `None` until they were measured; only failing cases are repaired.
    pub repairs: Option<Vec<Repair>>,
    /// Whether the evidence for the repairs is measured, or there is none to measure.
    pub has_evidence: bool,
    /// The hop that nobody declared, where one was looked for and found.
    pub undeclared: Option<Undeclared>,
    /// What the model answers by itself, where no answer is expected and it was asked for.
    pub answer: Option<ModelAnswer>,
}

impl CaseFindings {
    /// Returns whether the model was asked and the verdict is not `ok`.
    pub fn fails(&self) -> bool {
        self.outcome.as_ref().is_ok_and(CaseOutcome::fails)
    }
}

impl CaseOutcome {
    /// Returns whether there is a verdict and it is not `ok`.
    pub fn fails(&self) -> bool {
        self.verdict.is_some_and(|verdict| verdict != Verdict::Ok)
    }

    /// Whether repairs are worth measuring: whatever fails may be helped, and a space at the end
    /// that costs something. Where the model does not know the answer, an injection only fakes the
    /// knowledge, and says so.
    pub fn wants_repairs(&self) -> bool {
        let trimmed = self.probes.variant(Variant::Trimmed);
        let spaced = trimmed.is_some_and(|probe| probe.logp > self.probes.composed.logp);
        self.verdict
            .is_some_and(|verdict| verdict != Verdict::Ok || spaced)
    }
}
