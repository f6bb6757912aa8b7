//! What all parts of the server share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{OnceLock, PoisonError, RwLock};

use tokio::sync::{Notify, mpsc::UnboundedSender};
use tower_lsp_server::Client;

use super::ServerOptions;
use super::can::Can;
use super::documents::Documents;
use super::key::Key;
use super::lifecycle::Lifecycle;
use super::prompts::Prompts;
use super::settings::Settings;
use crate::engine::{Engine, project_of};
use crate::hop;

pub(super) struct State {
    pub client: Client,
    pub options: ServerOptions,
    pub engine: Engine,
    pub documents: Documents,
    pub prompts: Prompts,
    pub lifecycle: Lifecycle,
    /// Woken when inlay hints changed.
    pub hints: Notify,
    can: OnceLock<Can>,
    settings: RwLock<Settings>,
    publish: UnboundedSender<Key>,
    model_requests: AtomicU64,
}

impl State {
    pub(super) fn new(
        client: Client,
        options: ServerOptions,
        engine: Engine,
        publish: UnboundedSender<Key>,
    ) -> Self {
        Self {
            client,
            options,
            engine,
            documents: Documents::default(),
            prompts: Prompts::default(),
            lifecycle: Lifecycle::default(),
            hints: Notify::new(),
            can: OnceLock::new(),
            settings: RwLock::default(),
            publish,
            model_requests: AtomicU64::new(0),
        }
    }

    /// What the client can do; nothing before `initialize`.
    pub(super) fn can(&self) -> Can {
        self.can.get().cloned().unwrap_or_default()
    }

    /// Remembers the client's first `initialize`.
    pub(super) fn meet(&self, can: Can) {
        // A second `initialize` is refused by the service; the first one counts.
        let _ = self.can.set(can);
    }

    /// Whether `initialize` was received.
    pub(super) fn is_met(&self) -> bool {
        self.can.get().is_some()
    }

    pub(super) fn settings(&self) -> Settings {
        self.settings
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn set_settings(&self, settings: Settings) {
        *self
            .settings
            .write()
            .unwrap_or_else(PoisonError::into_inner) = settings;
    }

    /// What the analysis of a prompt depends on: the command line's flags, then the `hoplens.toml`
    /// above the file. One that cannot be used is told of and left out.
    pub(super) fn hop_settings(&self, key: &Key) -> hop::Settings {
        let mut settings = project(key).settings();
        settings.bos = self.options.bos.unwrap_or(settings.bos);
        settings.declared_only |= self.settings().declared_only;
        settings
    }

    /// Has the diagnostics of a prompt told to the client.
    pub(super) fn publish(&self, key: &Key) {
        // The publisher ends with the server only.
        let _ = self.publish.send(key.clone());
    }

    /// The same for every prompt.
    pub(super) fn publish_all(&self) {
        for key in self.prompts.keys() {
            self.publish(&key);
        }
    }

    /// The number of a new wish for a model; older ones are void.
    pub(super) fn next_model_request(&self) -> u64 {
        self.model_requests.fetch_add(1, Ordering::SeqCst) + 1
    }

    pub(super) fn is_newest_model_request(&self, number: u64) -> bool {
        self.model_requests.load(Ordering::SeqCst) == number
    }
}

/// The settings of the project that a document belongs to.
pub(super) fn project(key: &Key) -> hop::Project {
    let Some(path) = key.path() else {
        return hop::Project::default();
    };
    project_of(path).unwrap_or_else(|error| {
        tracing::warn!(%error, "the project's settings are left out");
        hop::Project::default()
    })
}
