//! The state of the server, with one owner: the event loop.

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

/// The state of the server. The event loop owns it and is its only writer; everybody else reads
/// the snapshots that it publishes.
pub(super) struct Session {
    /// The access to the session, for the tasks that the session starts.
    pub handle: SessionHandle,
    /// The state that handlers may read; published after each event.
    pub current: SessionSnapshot,
    /// Whether `current` differs from the published snapshot.
    is_changed: bool,
    published: watch::Sender<Arc<SessionSnapshot>>,
    /// The newest revision of a document.
    revisions: u64,
    /// The newest analysis of each prompt.
    pub runs: HashMap<DocumentKey, RunControl>,
    run_numbers: u64,
    /// The prompts whose diagnostics are not yet sent.
    to_publish: HashSet<DocumentKey>,
    /// Whether the publisher waits for a batch.
    publisher_is_idle: bool,
    publisher: UnboundedSender<PublishBatch>,
    /// Asks the client to refresh hints and lenses.
    pub refresh: Arc<Refresh>,
    /// Reports the model's state to the client, in order.
    pub status_reports: UnboundedSender<ModelStatus>,
    /// Shown while a model is loaded.
    pub loading: Option<WorkProgress>,
    /// The model that a command chose for this session.
    pub chosen_model: Option<String>,
    /// The newest search for a model.
    pub search: ModelSearchControl,
    /// The number of the newest request for the client's settings.
    pub settings_requests: u64,
    /// Whether the client was told that a job panicked.
    has_reported_panic: bool,
}

/// How the newest analysis of a prompt proceeds.
pub(super) struct RunControl {
    /// No two runs share a number.
    pub number: u64,
    /// What started it.
    pub trigger: Trigger,
    /// Whether the model analyzes the prompt once its files are read.
    pub runs_model: bool,
    /// Ends the work on the model.
    pub cancel: CancelToken,
    /// Set when a newer run needs newer files.
    pub superseded: CancelToken,
}

/// The newest search for a model.
#[derive(Default)]
pub(super) struct ModelSearchControl {
    /// The number of the search.
    pub number: u64,
    /// Ends the download.
    pub cancel: CancelToken,
}

/// The channels to the tasks that the session feeds.
pub(super) struct SessionOutputs {
    /// Publishes snapshots.
    pub published: watch::Sender<Arc<SessionSnapshot>>,
    /// Sends diagnostics to the client.
    pub publisher: UnboundedSender<PublishBatch>,
    /// Reports the model's state to the client.
    pub status_reports: UnboundedSender<ModelStatus>,
    /// Asks the client to refresh hints and lenses.
    pub refresh: Arc<Refresh>,
}

impl Session {
    /// Creates the session before the first message.
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
        }
    }

    /// Gives access to `current` for a change.
    pub(super) fn change(&mut self) -> &mut SessionSnapshot {
        self.is_changed = true;
        &mut self.current
    }

    /// Publishes `current` if it has changed, and returns the published snapshot.
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

    /// Moves the stale findings of a prompt along with edits.
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

    /// Changes a prompt, if it is there.
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

    /// Sends the diagnostics of a prompt or project file to the client soon.
    pub(super) fn publish(&mut self, key: &DocumentKey) {
        self.to_publish.insert(key.clone());
    }

    /// Sends the diagnostics of all prompts to the client soon.
    pub(super) fn publish_all(&mut self) {
        self.to_publish.extend(self.current.prompts.keys().cloned());
    }

    /// Hands the waiting diagnostics to the publisher if it is idle; they are those of the newest
    /// snapshot, however long the client takes to read.
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

    /// The publisher has sent its batch.
    pub(super) fn publisher_finished(&mut self) {
        self.publisher_is_idle = true;
    }

    /// Logs that a job panicked, and tells the user once in a session.
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
