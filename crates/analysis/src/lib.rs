//! Which hop of a prompt fails, and what repairs it, on one scale.
//!
//! Verdicts and probes: `docs/method.md`; the seed is "Memory Injections" (arXiv 2309.05605).

mod analysis;
mod answer;
mod candidates;
mod chain;
mod chat;
mod declared;
mod error;
mod evidence;
mod generate;
mod mentions;
mod neighbours;
mod probe;
mod refused;
mod repair;
mod respell;
mod settings;
mod stability;
mod stream;
mod subject;
mod undeclared;
mod variants;
mod verdict;

pub use analysis::{
    CaseFindings, CaseOutcome, Document, FileFindings, analyse, case_id, case_subject,
    find_repairs, measure, subjects, weigh,
};
pub use answer::{ModelAnswer, answer};
pub use candidates::{Candidate, CandidateSource, candidates, name_key};
pub use declared::{placement, recipe};
pub use error::AnalysisError;
pub use evidence::{Collateral, control_in_force};
pub use generate::{Generated, GeneratedToken, Generation, Stop, generate};
pub use hoplens_prompt::{memory_text, substitute};
pub use mentions::mentions;
pub use neighbours::Neighbours;
pub use probe::{HopProbe, Probe, Probes, TokenProbability, TokenReading, run_probes};
pub use repair::{Repair, RepairChange, Wording, try_injection, words_edit};
pub use settings::{AnalysisSettings, SearchSettings, Thresholds};
pub use stability::Stability;
pub use subject::{CaseQuery, Mention, first_tokens, in_force};
pub use undeclared::{Guessed, Inconsistency, Undeclared, undeclared};
pub use variants::Variant;
pub use verdict::{Verdict, verdict};
