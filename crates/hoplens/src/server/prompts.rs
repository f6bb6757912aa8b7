//! The prompts that are looked at, each with what is known of its newest text.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dashmap::DashMap;
use tokio::sync::watch;

use crate::server::carried::Carried;
use crate::server::documents::ByteEdit;
use crate::server::key::Key;
use crate::server::view::View;
use hoplens_analysis::{CaseOutcome, FileFindings, ModelAnswer, Repair, Undeclared};
use hoplens_runtime::Cancel;

/// A look at one prompt; a newer one makes it void.
#[derive(Debug, Clone)]
pub(super) struct Look {
    /// No two looks share one.
    pub number: u64,
    /// Set when a newer look begins.
    pub cancel: Cancel,
}

/// What is known of a prompt.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub view: Arc<View>,
    /// What was found in an older text; void once the view has findings.
    pub carried: Arc<Carried>,
    /// Whether the model will look at it without further ado.
    pub is_pending: bool,
    /// Whether repairs are being measured.
    pub is_measuring: bool,
}

#[derive(Debug)]
struct Prompt {
    look: Look,
    /// The number of the look that made `view`.
    viewed: u64,
    view: Option<Arc<View>>,
    carried: Arc<Carried>,
    is_pending: bool,
    is_measuring: bool,
}

impl Prompt {
    /// What the model said of a case of the newest view.
    fn outcome(&mut self, case: usize) -> Option<&mut CaseOutcome> {
        let view = Arc::make_mut(self.view.as_mut()?);
        let case = view.snapshot.findings.as_mut()?.cases.get_mut(case)?;
        case.outcome.as_mut().ok()
    }
}

#[derive(Debug)]
pub(super) struct Prompts {
    map: DashMap<Key, Prompt>,
    looks: AtomicU64,
    /// Counts changes of what is known, for those who wait for one.
    changes: watch::Sender<u64>,
}

impl Default for Prompts {
    fn default() -> Self {
        Self {
            map: DashMap::new(),
            looks: AtomicU64::new(0),
            changes: watch::Sender::new(0),
        }
    }
}

impl Prompts {
    /// Begins a new look at a prompt after `edits` of its text, and ends the one before.
    pub(super) fn begin(&self, key: &Key, edits: &[ByteEdit]) -> Look {
        let look = Look {
            number: self.looks.fetch_add(1, Ordering::Relaxed) + 1,
            cancel: Cancel::new(),
        };
        let mut prompt = self.map.entry(key.clone()).or_insert_with(|| Prompt {
            look: look.clone(),
            viewed: 0,
            view: None,
            carried: Arc::default(),
            is_pending: false,
            is_measuring: false,
        });
        if prompt.look.number != look.number {
            prompt.look.cancel.cancel();
        }
        if !edits.is_empty() {
            let carried = Arc::make_mut(&mut prompt.carried);
            for edit in edits {
                carried.shift(edit);
            }
        }
        prompt.look = look.clone();
        prompt.is_pending = false;
        prompt.is_measuring = false;
        drop(prompt);
        self.tick();
        look
    }

    pub(super) fn contains(&self, key: &Key) -> bool {
        self.map.contains_key(key)
    }

    pub(super) fn keys(&self) -> Vec<Key> {
        self.map.iter().map(|entry| entry.key().clone()).collect()
    }

    pub(super) fn is_current(&self, key: &Key, look: &Look) -> bool {
        self.map
            .get(key)
            .is_some_and(|prompt| prompt.look.number == look.number)
    }

    /// What is known of the newest text; `None` while that was not even read.
    pub(super) fn known(&self, key: &Key) -> Option<Known> {
        let prompt = self.map.get(key)?;
        let view = prompt.view.as_ref()?;
        (prompt.viewed == prompt.look.number).then(|| Known {
            view: Arc::clone(view),
            carried: Arc::clone(&prompt.carried),
            is_pending: prompt.is_pending,
            is_measuring: prompt.is_measuring,
        })
    }

    /// The newest view that was made, of whatever text.
    pub(super) fn last_view(&self, key: &Key) -> Option<Arc<View>> {
        self.map.get(key)?.view.clone()
    }

    /// Stores what was read. False if a newer look began.
    pub(super) fn set_view(&self, key: &Key, look: &Look, view: View) -> bool {
        self.update(key, look, |prompt| {
            prompt.viewed = look.number;
            prompt.view = Some(Arc::new(view));
        })
    }

    /// Stores what the model said. False if a newer look began.
    pub(super) fn set_findings(&self, key: &Key, look: &Look, findings: FileFindings) -> bool {
        self.update(key, look, |prompt| {
            prompt.is_pending = false;
            // They come next.
            prompt.is_measuring = true;
            if let Some(view) = &mut prompt.view {
                Arc::make_mut(view).snapshot.findings = Some(findings);
                prompt.carried = Arc::new(Carried::from(&view.snapshot));
            }
        })
    }

    /// Stores the repairs of a case, and whether what speaks for and against them is known. False
    /// if a newer look began.
    pub(super) fn set_repairs(
        &self,
        key: &Key,
        look: &Look,
        case: usize,
        repairs: Vec<Repair>,
        weighed: bool,
    ) -> bool {
        self.update(key, look, |prompt| {
            if let Some(outcome) = prompt.outcome(case) {
                outcome.repairs = Some(repairs);
                outcome.has_evidence = weighed;
            }
        })
    }

    /// Stores the hop of a case that nobody declared. False if a newer look began.
    pub(super) fn set_undeclared(
        &self,
        key: &Key,
        look: &Look,
        case: usize,
        found: Undeclared,
    ) -> bool {
        self.update(key, look, |prompt| {
            if let Some(outcome) = prompt.outcome(case) {
                outcome.undeclared = Some(found);
            }
        })
    }

    /// Stores what the model answers by itself. False if a newer look began.
    pub(super) fn set_answer(
        &self,
        key: &Key,
        look: &Look,
        case: usize,
        answer: Option<ModelAnswer>,
    ) -> bool {
        self.update(key, look, |prompt| {
            if let Some(outcome) = prompt.outcome(case) {
                outcome.answer = answer;
            }
        })
    }

    /// Says whether the model will look at it. False if a newer look began.
    pub(super) fn set_pending(&self, key: &Key, look: &Look, is_pending: bool) -> bool {
        self.update(key, look, |prompt| prompt.is_pending = is_pending)
    }

    /// Says that no more repairs come. False if a newer look began.
    pub(super) fn set_measured(&self, key: &Key, look: &Look) -> bool {
        self.update(key, look, |prompt| prompt.is_measuring = false)
    }

    /// Ends what the model does for a prompt; false if it did nothing.
    pub(super) fn stop(&self, key: &Key) -> bool {
        let Some(mut prompt) = self.map.get_mut(key) else {
            return false;
        };
        let was_busy = prompt.is_pending || prompt.is_measuring;
        prompt.look.cancel.cancel();
        prompt.is_pending = false;
        prompt.is_measuring = false;
        drop(prompt);
        self.tick();
        was_busy
    }

    /// Forgets a prompt, unless a newer look began.
    pub(super) fn remove(&self, key: &Key, look: &Look) {
        self.map
            .remove_if(key, |_, prompt| prompt.look.number == look.number);
        self.tick();
    }

    /// Hears of every change of what is known.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn update(&self, key: &Key, look: &Look, change: impl FnOnce(&mut Prompt)) -> bool {
        let Some(mut prompt) = self.map.get_mut(key) else {
            return false;
        };
        if prompt.look.number != look.number {
            return false;
        }
        change(&mut prompt);
        drop(prompt);
        self.tick();
        true
    }

    fn tick(&self) {
        self.changes.send_modify(|count| *count += 1);
    }
}
