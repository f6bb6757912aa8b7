//! The findings of an analysis, by case.

use crate::case::prompt_reading::PromptReading;
use crate::case::query::CaseQuery;
use crate::generation::answer::ModelAnswer;
use crate::hop::probe::{Probes, TokenReading};
use crate::hop::undeclared::Undeclared;
use crate::hop::variant::Variant;
use crate::hop::verdict::Verdict;
use crate::repair::measured_repair::Repair;
use crate::reply::reference_score::ReferenceScore;
use crate::reply::reply_search::ReplySearch;
use crate::settings::Thresholds;
use hoplens_prompt::{MappedText, Problem};
use hoplens_runtime::ModelInfo;

/// What a model does with one prompt file.
#[derive(Debug, Clone, PartialEq)]
pub struct FileFindings {
    /// The model that was run.
    pub model: ModelInfo,
    /// The thresholds that decided the verdicts.
    pub thresholds: Thresholds,
    /// One per case. A file without cases has one entry, which has no expected answer.
    pub cases: Vec<CaseFindings>,
    /// Injections that this model cannot apply. The cases were run without them.
    pub problems: Vec<Problem>,
}

/// What a model does with one case.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseFindings {
    /// Index into [`hoplens_prompt::PromptFile::cases`]; `None` where the file has none.
    pub case: Option<usize>,
    /// The case's id, or `#1`, `#2`, … in the order of the file.
    pub id: String,
    /// The prompt as the model reads it, mapped to the prompt file.
    pub rendered: MappedText,
    /// The prompt with what the case declares about it.
    pub query: CaseQuery,
    /// How the model reads the prompt.
    pub reading: PromptReading,
    /// The prompt's tokens.
    pub tokens: Vec<TokenReading>,
    /// Whether the prompt has a hole where a variable has no value.
    pub has_holes: bool,
    /// The results, or the reason why the model could not run the case.
    pub outcome: Result<CaseOutcome, String>,
}

/// The results of the probes and of the search for repairs.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseOutcome {
    /// The probes.
    pub probes: Probes,
    /// `None` if the case expects no answer.
    pub verdict: Option<Verdict>,
    /// The repairs, best first. `None` until they are measured. Only cases that [want
    /// repairs](Self::wants_repairs) get some.
    pub repairs: Option<Vec<Repair>>,
    /// Whether the evidence for the repairs is measured, or there is no evidence to measure.
    pub has_evidence: bool,
    /// The undeclared hop, if the analysis looked for one and found it.
    pub undeclared: Option<Undeclared>,
    /// The score of the case's reference reply, if it declares one.
    pub reference: Option<ReferenceScore>,
    /// The replies in which the expected answer was looked for, once they are generated.
    pub replies: Option<ReplySearch>,
    /// The model's own answer, if no answer is expected and the request asks for the model's own.
    pub answer: Option<ModelAnswer>,
}

impl CaseFindings {
    /// Returns whether the model ran the case and the verdict is not `ok`.
    pub fn fails(&self) -> bool {
        self.outcome.as_ref().is_ok_and(CaseOutcome::fails)
    }
}

impl CaseOutcome {
    /// Returns whether there is a verdict and it is not `ok`.
    pub fn fails(&self) -> bool {
        self.verdict.is_some_and(|verdict| verdict != Verdict::Ok)
    }

    /// Returns whether repairs are worth measuring: the case fails, or a space at the end of the
    /// prompt lowers the probability of the answer.
    ///
    /// Where the model does not know the answer, an injection only fakes the knowledge. Such a
    /// repair is marked with [`Repair::fakes`].
    pub fn wants_repairs(&self) -> bool {
        let trimmed = self.probes.variant(Variant::Trimmed);
        let spaced = trimmed.is_some_and(|probe| probe.logp > self.probes.composed.logp);
        self.verdict
            .is_some_and(|verdict| verdict != Verdict::Ok || spaced)
    }
}
