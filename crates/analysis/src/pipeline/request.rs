//! The request for an analysis.

use std::sync::Arc;

use hoplens_prompt::{Facts, PromptFile};

use crate::case::query::CaseQuery;

/// One prompt file and which results the analysis produces for it.
#[derive(Debug, Clone)]
pub struct AnalysisRequest {
    /// The declarations of the prompt file.
    pub file: PromptFile,
    /// Its text.
    pub text: String,
    /// Cases of other files. They serve as reference prompts for side effects, after the file's own
    /// cases.
    pub other_cases: Arc<[CaseQuery]>,
    /// The project's facts about mentions.
    pub facts: Facts,
    /// The failing cases whose repairs are measured.
    pub repairs: RepairSelection,
    /// Whether replies are generated for the cases whose answer may stand anywhere in them.
    pub replies: bool,
    /// Whether the model's own answer is generated for a prompt without cases.
    pub answers: bool,
    /// Whether to look for undeclared hops.
    pub undeclared: bool,
}

impl AnalysisRequest {
    /// Returns a request for the verdicts only.
    pub fn verdicts(file: PromptFile, text: String) -> Self {
        Self {
            file,
            text,
            other_cases: Arc::default(),
            facts: Facts::default(),
            repairs: RepairSelection::None,
            replies: false,
            answers: false,
            undeclared: false,
        }
    }
}

/// The failing cases whose repairs are measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RepairSelection {
    /// No case.
    None,
    /// Every case that fails.
    All,
    /// The failing cases among these: indices into [`PromptFile::cases`], `None` for the prompt of
    /// a file without cases.
    Cases(Vec<Option<usize>>),
}

impl RepairSelection {
    /// Returns whether the selection contains this case.
    pub(crate) fn contains(&self, case: Option<usize>) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Cases(cases) => cases.contains(&case),
        }
    }
}
