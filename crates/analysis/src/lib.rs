//! Which hop of a prompt fails, and what repairs it, on one scale.
//!
//! Verdicts and probes: `docs/method.md`; the seed is "Memory Injections" (arXiv 2309.05605).

mod case;
mod chat;
mod error;
mod generation;
mod hop;
mod repair;
mod settings;

pub use case::findings::{
    CaseFindings, CaseOutcome, Document, FileFindings, analyse, case_id, case_subject,
    find_repairs, measure, subjects, weigh,
};
pub use case::injection::{memory_injection, placement};
pub use case::query::{CaseQuery, Mention, answers, in_force};
pub use error::AnalysisError;
pub use generation::answer::{ModelAnswer, answer};
pub use generation::generate::{Generated, GeneratedToken, Generation, Stop, generate};
pub use hop::candidates::{Candidate, CandidateSource, candidates, name_key};
pub use hop::mentions::mentions;
pub use hop::probe::{HopProbe, Probe, Probes, TokenProbability, TokenReading, run_probes};
pub use hop::undeclared::{Guessed, Inconsistency, Undeclared, undeclared};
pub use hop::variants::Variant;
pub use hop::verdict::{Verdict, verdict};
pub use hoplens_prompt::{memory_text, substitute};
pub use repair::evidence::{SideEffects, control_in_force};
pub use repair::reference_prompts::Neighbours;
pub use repair::stability::Stability;
pub use repair::{Repair, RepairChange, Wording, try_injection, words_edit};
pub use settings::{AnalysisSettings, SearchSettings, Thresholds};
