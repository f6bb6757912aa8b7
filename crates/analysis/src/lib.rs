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
    CaseFindings, Document, FileFindings, Outcome, analyse, case_id, case_subject, find_repairs,
    measure, subjects, weigh,
};
pub use answer::{Answer, answer};
pub use candidates::{Candidate, Source, candidates, name_key};
pub use declared::{memory_injection, placement};
pub use error::HopError;
pub use evidence::{SideEffects, control_in_force};
pub use generate::{Generated, GeneratedToken, Generation, Stop, generate};
pub use hoplens_prompt::{memory_text, substitute};
pub use mentions::mentions;
pub use neighbours::Neighbours;
pub use probe::{HopProbe, Probe, Probes, TokenProbability, TokenReading, run_probes};
pub use repair::{Change, Repair, Wording, try_injection, words_edit};
pub use settings::{Search, Settings, Thresholds};
pub use stability::Stability;
pub use subject::{Mention, Subject, first_tokens, in_force};
pub use undeclared::{Guessed, Inconsistency, Undeclared, undeclared};
pub use variants::Variant;
pub use verdict::{Verdict, verdict};
