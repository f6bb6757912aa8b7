//! Jobs in the order in which they run.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use hoplens_runtime::{Cancel, Model};

/// What runs first: a person waits for a hover, nobody for a diagnostic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// Diagnostics and repairs in the background.
    Diagnostics,
    /// Inlay hints.
    Hints,
    /// Code actions that somebody asked to be measured.
    Action,
    /// A hover that is waited for.
    Hover,
}

/// Work for the model's thread; `Err` says why there is no model.
pub(super) type Work = Box<dyn FnOnce(Result<&Model, String>) + Send>;

pub(super) struct Job {
    pub(super) priority: Priority,
    /// Earlier jobs of the same priority run first.
    pub(super) number: u64,
    pub(super) cancel: Cancel,
    pub(super) work: Work,
}

impl PartialEq for Job {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Job {}

impl PartialOrd for Job {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Job {
    fn cmp(&self, other: &Self) -> Ordering {
        self.priority
            .cmp(&other.priority)
            .then(other.number.cmp(&self.number))
    }
}

/// Loads a model.
pub(super) type Load = Box<dyn FnOnce() -> Result<Model, String> + Send>;

/// What the model's thread has before it.
#[derive(Default)]
pub(super) struct Queue {
    pub(super) jobs: BinaryHeap<Job>,
    /// The newest load; an older one that has not begun is dropped.
    pub(super) load: Option<(String, Load)>,
    pub(super) closed: bool,
    pub(super) next: u64,
    /// The tokens of the jobs that run now: one, and what it lets pass.
    pub(super) running: Vec<Cancel>,
}
