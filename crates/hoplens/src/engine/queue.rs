//! Jobs in the order in which they run.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use hoplens_runtime::{CancelToken, Model};

/// The urgency of a job: a person waits for a hover, nobody for a diagnostic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// Diagnostics and repairs in the background.
    Diagnostics,
    /// Inlay hints.
    Hints,
    /// A command whose result a person waits for.
    Action,
    /// A hover that a person waits for.
    Hover,
}

/// Work for the engine's thread; `Err` contains the reason why there is no model.
pub(super) type JobWork = Box<dyn FnOnce(Result<&Model, String>) + Send>;

/// A queued job.
pub(super) struct EngineJob {
    pub(super) priority: Priority,
    /// Earlier jobs of the same priority run first.
    pub(super) number: u64,
    pub(super) cancel: CancelToken,
    pub(super) work: JobWork,
}

impl PartialEq for EngineJob {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for EngineJob {}

impl PartialOrd for EngineJob {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for EngineJob {
    fn cmp(&self, other: &Self) -> Ordering {
        self.priority
            .cmp(&other.priority)
            .then(other.number.cmp(&self.number))
    }
}

/// Loads a model.
pub(super) type LoadModel = Box<dyn FnOnce() -> Result<Model, String> + Send>;

/// The work that waits for the engine's thread.
#[derive(Default)]
pub(super) struct JobQueue {
    pub(super) jobs: BinaryHeap<EngineJob>,
    /// The newest load; it replaces an older one that has not begun.
    pub(super) load: Option<(String, LoadModel)>,
    pub(super) closed: bool,
    pub(super) next: u64,
    /// The cancel tokens of the jobs that run now: one, and the urgent job that interrupts it.
    pub(super) running: Vec<CancelToken>,
}
