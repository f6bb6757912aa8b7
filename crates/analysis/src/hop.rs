//! Hops: the probes, the verdicts, and undeclared hops.

pub(crate) mod candidates;
pub(crate) mod chain;
pub(crate) mod guess_limits;
pub(crate) mod invalid_injections;
pub(crate) mod mentions;
pub(crate) mod probe;
pub(crate) mod prompt_query;
pub(crate) mod run_probes;
pub(crate) mod undeclared;
pub(crate) mod variant;
pub(crate) mod variants;
pub(crate) mod verdict;
pub(crate) mod verdicts;
