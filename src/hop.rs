//! Which hop of a prompt fails, and what repairs it, on one scale.
//!
//! Verdicts and probes: `docs/method.md`; the seed is "Memory Injections" (arXiv 2309.05605).

mod analysis;
mod candidates;
mod chat;
mod error;
mod evidence;
mod explicit;
mod generate;
mod mentions;
mod probe;
mod repair;
mod settings;
mod stream;
mod subject;
mod undeclared;
mod verdict;

pub use analysis::{
    CaseFindings, FileFindings, Outcome, analyse, case_id, case_subject, measure, subjects,
};
pub use error::HopError;
pub use evidence::Collateral;
pub use explicit::{memory_text, substitute};
pub use candidates::{Candidate, Source, candidates, name_key};
pub use mentions::mentions;
pub use generate::{Generated, GeneratedToken, Generation, Stop, generate};
pub use probe::{Probe, Probes, TokenProbability, TokenReading, run_probes};
pub use repair::{Change, Repair, repairs};
pub use settings::{Search, Settings, Thresholds};
pub use subject::{Mention, Subject, first_tokens};
pub use undeclared::{GuessThresholds, Guessed, Inconsistency, Undeclared, undeclared};
pub use verdict::{Verdict, verdict};
