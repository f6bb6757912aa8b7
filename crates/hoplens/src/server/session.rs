//! The state of the server, which the event loop owns.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::watch;
use tower_lsp_server::ls_types::MessageType;

use crate::engine::ModelStatus;
use crate::server::document::ByteEdit;
use crate::server::document_key::DocumentKey;
use crate::server::event::Trigger;
use crate::server::progress::WorkProgress;
use crate::server::publish::PublishBatch;
use crate::server::refresh::Refresh;
use crate::server::session_handle::SessionHandle;
use crate::server::snapshot::{PromptSnapshot, SessionSnapshot};
use hoplens_runtime::CancelToken;

/// The state of the server. Only the event loop changes it; all other tasks read the snapshots that
/// it publishes.
pub(super) struct Session {
    /// What tasks need to reach the client, the engine, the file reader and the event loop.
    pub handle: SessionHandle,
    /// The state that handlers read, as a snapshot that is published after each event.
    pub current: SessionSnapshot,
    /// Whether `current` differs from the published snapshot.
    is_changed: bool,
    /// The channel of published snapshots.
    published: watch::Sender<Arc<SessionSnapshot>>,
    /// The last revision number that was given to a document.
    revisions: u64,
    /// The newest analysis of each prompt.
    pub runs: HashMap<DocumentKey, RunControl>,
    /// The last number that was given to an analysis.
    run_numbers: u64,
    /// The prompts and project files whose diagnostics are not yet given to the publisher.
    to_publish: HashSet<DocumentKey>,
    /// Whether the publisher has sent its last batch and waits for the next one.
    publisher_is_idle: bool,
    /// The channel to the task that sends diagnostics.
    publisher: UnboundedSender<PublishBatch>,
    /// Asks the client to request inlay hints and code lenses again.
    pub refresh: Arc<Refresh>,
    /// The channel to the task that reports the model's status to the client, in order.
    pub status_reports: UnboundedSender<ModelStatus>,
    /// The progress that the client shows while a model is being loaded.
    pub loading: Option<WorkProgress>,
    /// The model that the command `useModel` chose; it lasts until the server ends.
    pub chosen_model: Option<String>,
    /// The newest search for model files.
    pub search: ModelSearchControl,
    /// The number of the newest `workspace/configuration` request; answers to older ones are
    /// ignored.
    pub settings_requests: u64,
    /// Whether the user was notified that a job of the model panicked.
    has_reported_panic: bool,
    /// The names of companion files that the client was asked to watch.
    pub watched_names: HashSet<String>,
}

/// The newest analysis of a prompt: its number, its trigger, and how to stop it.
pub(super) struct RunControl {
    /// The number of the run; no two runs have the same.
    pub number: u64,
    /// What started the run.
    pub trigger: Trigger,
    /// Whether the model analyzes the prompt after its files are read.
    pub runs_model: bool,
    /// Cancels the jobs of the run on the model.
    pub cancel: CancelToken,
    /// Cancels reading the prompt's files, because a newer run reads them again.
    pub superseded: CancelToken,
}

/// The newest search for model files, on the disk and then on the hub.
#[derive(Default)]
pub(super) struct ModelSearchControl {
    /// The number of the search.
    pub number: u64,
    /// Cancels the search and its download.
    pub cancel: CancelToken,
}

/// The channels through which the session sends its results.
pub(super) struct SessionOutputs {
    /// The channel of published snapshots.
    pub published: watch::Sender<Arc<SessionSnapshot>>,
    /// The channel to the task that sends diagnostics.
    pub publisher: UnboundedSender<PublishBatch>,
    /// The channel to the task that reports the model's status.
    pub status_reports: UnboundedSender<ModelStatus>,
    /// Asks the client to request inlay hints and code lenses again.
    pub refresh: Arc<Refresh>,
}

impl Session {
    /// Creates the session of a server that has not received any message.
    pub(super) fn new(handle: SessionHandle, outputs: SessionOutputs) -> Self {
        let current = SessionSnapshot::clone(&handle.newest());
        Self {
            handle,
            current,
            is_changed: false,
            published: outputs.published,
            revisions: 0,
            runs: HashMap::new(),
            run_numbers: 0,
            to_publish: HashSet::new(),
            publisher_is_idle: true,
            publisher: outputs.publisher,
            refresh: outputs.refresh,
            status_reports: outputs.status_reports,
            loading: None,
            chosen_model: None,
            search: ModelSearchControl::default(),
            settings_requests: 0,
            has_reported_panic: false,
            watched_names: HashSet::new(),
        }
    }

    /// Returns `current` for a change, and marks it as changed.
    pub(super) fn change(&mut self) -> &mut SessionSnapshot {
        self.is_changed = true;
        &mut self.current
    }

    /// Publishes `current` if it has changed. Returns the published snapshot.
    pub(super) fn publish_snapshot(&mut self) -> Arc<SessionSnapshot> {
        if self.is_changed {
            self.is_changed = false;
            self.published.send_replace(Arc::new(self.current.clone()));
        }
        Arc::clone(&self.published.borrow())
    }

    /// Returns a revision that no document has had.
    pub(super) fn next_revision(&mut self) -> u64 {
        self.revisions += 1;
        self.revisions
    }

    /// Returns a number that no run has had.
    pub(super) fn next_run(&mut self) -> u64 {
        self.run_numbers += 1;
        self.run_numbers
    }

    /// Moves the stale findings of a prompt with the text when it is edited.
    pub(super) fn shift_stale_findings(&mut self, key: &DocumentKey, edits: &[ByteEdit]) {
        if edits.is_empty() {
            return;
        }
        self.change_prompt(key, |prompt| {
            let stale = Arc::make_mut(&mut prompt.stale);
            for edit in edits {
                stale.shift(edit);
            }
        });
    }

    /// Changes the snapshot of a prompt; does nothing if there is no such prompt.
    pub(super) fn change_prompt(
        &mut self,
        key: &DocumentKey,
        change: impl FnOnce(&mut PromptSnapshot),
    ) {
        if !self.current.prompts.contains_key(key) {
            return;
        }
        let prompts = Arc::make_mut(&mut self.change().prompts);
        if let Some(prompt) = prompts.get_mut(key) {
            change(Arc::make_mut(prompt));
        }
    }

    /// Returns whether `run` is the newest analysis of a prompt.
    pub(super) fn is_newest_run(&self, key: &DocumentKey, run: u64) -> bool {
        self.runs
            .get(key)
            .is_some_and(|newest| newest.number == run)
    }

    /// Marks the diagnostics of a prompt or project file to be sent after the current event.
    pub(super) fn publish(&mut self, key: &DocumentKey) {
        self.to_publish.insert(key.clone());
    }

    /// Marks the diagnostics of all prompts to be sent after the current event.
    pub(super) fn publish_all(&mut self) {
        self.to_publish.extend(self.current.prompts.keys().cloned());
    }

    /// Gives all marked diagnostics to the publisher if it is idle. If it is not, they wait here,
    /// so that a client that reads slowly still receives those of the newest snapshot.
    pub(super) fn feed_publisher(&mut self) {
        if !self.publisher_is_idle || self.to_publish.is_empty() {
            return;
        }
        let batch = PublishBatch {
            keys: std::mem::take(&mut self.to_publish),
            session: self.publish_snapshot(),
        };
        self.publisher_is_idle = self.publisher.send(batch).is_err();
    }

    /// Handles the publisher's report that it has sent its batch.
    pub(super) fn publisher_finished(&mut self) {
        self.publisher_is_idle = true;
    }

    /// Logs that a job of the model panicked, and notifies the user of the first panic in a
    /// session.
    pub(super) fn report_panic(&mut self, message: &str) {
        tracing::error!(
            "a job of the model panicked; with HOPLENS_LOG=hoplens=debug the log has its message"
        );
        tracing::debug!(message, "the panic's message");
        if std::mem::replace(&mut self.has_reported_panic, true) {
            return;
        }
        self.show_message(
            "hoplens could not analyze a prompt because of a bug in hoplens. Other prompts are \
             not affected. Please report it with the server's log."
                .to_owned(),
        );
    }

    /// Shows an error message in the editor.
    pub(super) fn show_message(&self, message: String) {
        let client = self.handle.client.clone();
        tokio::spawn(async move { client.show_message(MessageType::ERROR, message).await });
    }
}
