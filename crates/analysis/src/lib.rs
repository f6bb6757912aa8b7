//! Finds which hop of a prompt fails and which repairs help, measured on one scale.
//!
//! [`run`] does the whole analysis of one prompt file: verdicts, repairs, evidence. The command
//! line and the server both use it. `docs/method.md` describes the method, which originates from
//! "Memory Injections" (arXiv 2309.05605).

mod case;
mod chat;
mod context;
mod error;
mod generation;
mod hop;
mod influence;
mod pipeline;
mod repair;
mod reply;
mod settings;

pub use case::findings::{CaseFindings, CaseOutcome, FileFindings};
pub use case::free_text::{Reference, ReplyTest};
pub use case::injection::{memory_injection, placement};
pub use case::prompt_reading::PromptReading;
pub use case::prompt_source::PromptSource;
pub use case::prompt_text::{ContentPlace, ModelText, PromptText, prompt_text};
pub use case::query::{CaseQuery, Mention, answers, in_force};
pub use case::rendered_case::{case_id, case_queries, case_query};
pub use context::{AnalysisContext, AnalysisProgress};
pub use error::AnalysisError;
pub use generation::answer::ModelAnswer;
pub use generation::generate::{Generated, GeneratedToken, Generation, StopReason, generate};
pub use hop::candidates::{Candidate, CandidateSource, candidates, name_key};
pub use hop::mentions::mentions;
pub use hop::probe::{HopProbe, Probe, Probes, TokenProbability, TokenReading};
pub use hop::run_probes::run_probes;
pub use hop::undeclared::{Guessed, Inconsistency, Undeclared, undeclared};
pub use hop::variant::Variant;
pub use hop::verdict::{Verdict, verdict};
pub use hop::verdicts::find_verdicts;
pub use hoplens_prompt::{memory_text, substitute};
pub use influence::effect::{InfluenceBaseline, InfluenceMethod, SegmentInfluence};
pub use influence::event::InfluenceEvent;
pub use influence::file_influence::{CaseBaseline, FileInfluence};
pub use influence::request::InfluenceRequest;
pub use influence::run::{InfluenceRun, measure_influence};
pub use pipeline::event::AnalysisEvent;
pub use pipeline::request::{AnalysisRequest, RepairSelection};
pub use pipeline::run::{AnalysisRun, run};
pub use pipeline::step::AnalysisStep;
pub use repair::change::{RepairChange, Wording, words_edit};
pub use repair::evidence::{add_evidence, control_in_force};
pub use repair::injection::try_injection;
pub use repair::measured_repair::Repair;
pub use repair::reference_prompts::ReferencePrompts;
pub use repair::search::find_repairs;
pub use repair::side_effects::SideEffects;
pub use repair::stability::Stability;
pub use reply::reference_score::ReferenceScore;
pub use reply::reply_search::{Reply, ReplySearch};
pub use settings::{AnalysisSettings, ReplySettings, SearchSettings, Thresholds};
