//! What all parts of the server share.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use tower_lsp_server::Client;
use tower_lsp_server::ls_types::MessageType;

use crate::engine::Engine;
use crate::server::ServerOptions;
use crate::server::can::Can;
use crate::server::disk::Texts;
use crate::server::documents::Documents;
use crate::server::key::Key;
use crate::server::lifecycle::Lifecycle;
use crate::server::projects::Projects;
use crate::server::prompts::Prompts;
use crate::server::publish::Wanted;
use crate::server::refresh::Refresh;
use crate::server::settings::Settings;
use crate::settings::analysis_settings;
use hoplens_store::DEFAULT;

pub(super) struct State {
    pub client: Client,
    pub options: ServerOptions,
    pub engine: Engine,
    pub documents: Documents,
    pub prompts: Prompts,
    pub lifecycle: Lifecycle,
    pub projects: Projects,
    pub texts: Texts,
    /// Woken when what is shown beside the text changed.
    pub refresh: Refresh,
    /// Whose diagnostics are to be told.
    pub publish: Wanted,
    can: OnceLock<Can>,
    settings: RwLock<Settings>,
    roots: RwLock<Vec<PathBuf>>,
    /// The model that a person chose for this session.
    chosen: Mutex<Option<String>>,
    /// The model that was asked for last.
    wanted: Mutex<Option<String>>,
    model_requests: AtomicU64,
    settings_requests: AtomicU64,
    /// Whether the client was told that a job panicked.
    told_of_panic: AtomicBool,
}

impl State {
    pub(super) fn new(client: Client, options: ServerOptions, engine: Engine) -> Self {
        Self {
            client,
            options,
            engine,
            documents: Documents::default(),
            prompts: Prompts::default(),
            lifecycle: Lifecycle::default(),
            projects: Projects::default(),
            texts: Texts::default(),
            refresh: Refresh::default(),
            publish: Wanted::default(),
            can: OnceLock::new(),
            settings: RwLock::default(),
            roots: RwLock::default(),
            chosen: Mutex::default(),
            wanted: Mutex::default(),
            model_requests: AtomicU64::new(0),
            settings_requests: AtomicU64::new(0),
            told_of_panic: AtomicBool::new(false),
        }
    }

    /// What the client can do; nothing before `initialize`.
    pub(super) fn can(&self) -> Can {
        self.can.get().cloned().unwrap_or_default()
    }

    /// Remembers the client's first `initialize`: what it can do, and its folders.
    pub(super) fn meet(&self, can: Can, roots: Vec<PathBuf>) {
        // A second `initialize` is refused by the service; the first one counts.
        if self.can.set(can).is_ok() {
            self.change_roots(&[], roots);
        }
    }

    /// Takes the client's folders from it and gives it others, which come last.
    pub(super) fn change_roots(&self, removed: &[PathBuf], added: Vec<PathBuf>) {
        let mut roots = self.roots.write().unwrap_or_else(PoisonError::into_inner);
        roots.retain(|root| !removed.contains(root));
        for root in added {
            if !roots.contains(&root) {
                roots.push(root);
            }
        }
    }

    fn roots(&self) -> Vec<PathBuf> {
        let roots = self.roots.read().unwrap_or_else(PoisonError::into_inner);
        roots.clone()
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
    /// above the file.
    pub(super) fn hop_settings(&self, key: &Key) -> hoplens_analysis::AnalysisSettings {
        let mut settings = analysis_settings(&self.project(key));
        settings.bos = self.options.bos.unwrap_or(settings.bos);
        settings.declared_only |= self.settings().declared_only;
        settings
    }

    /// The settings of the project that a document belongs to.
    pub(super) fn project(&self, key: &Key) -> Arc<hoplens_workspace::Project> {
        match key.path() {
            Some(path) => self.project_at(path),
            None => Arc::default(),
        }
    }

    /// The settings that hold for a file or folder. What cannot be used is left out, and told of
    /// once: where it is open its diagnostics say so, else a message.
    fn project_at(&self, path: &Path) -> Arc<hoplens_workspace::Project> {
        let (project, error) = self.projects.of(path);
        if let Some(error) = error {
            tracing::warn!(%error, "the project's settings are left out");
            if !self.documents.is_open(&Key::File(error.path().into())) {
                let client = self.client.clone();
                let message = format!("{error} Until it is mended, none of its settings counts.");
                tokio::spawn(async move { client.show_message(MessageType::ERROR, message).await });
            }
        }
        project
    }

    /// The innermost folder of the editor that a document is in, or the first where it is in none.
    pub(super) fn root_of(&self, key: &Key) -> Option<PathBuf> {
        let (roots, path) = (self.roots(), key.path()?);
        let around = roots.iter().filter(|root| path.starts_with(root));
        let innermost = around.max_by_key(|root| root.components().count());
        innermost.or_else(|| roots.first()).cloned()
    }

    /// Reference of the model: the one that was chosen by a command, then the command line's, then the client's, then that of the first of
    /// its folders whose `hoplens.toml` names one, then the default.
    pub(super) fn model_name(&self) -> String {
        let chosen = self.chosen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(name) = chosen.clone() {
            return name;
        }
        drop(chosen);
        let mut roots = self.roots();
        if roots.is_empty() {
            roots.push(PathBuf::from("."));
        }
        let of_project = || {
            let mut projects = roots.iter().map(|root| self.project_at(root));
            projects.find_map(|project| project.model.clone())
        };
        let named = self.options.model.clone();
        let named = named.or_else(|| self.settings().model).or_else(of_project);
        named.unwrap_or_else(|| DEFAULT.to_owned())
    }

    /// Prefers a model to all that settings name, until the server ends.
    pub(super) fn choose_model(&self, name: &str) {
        let mut chosen = self.chosen.lock().unwrap_or_else(PoisonError::into_inner);
        *chosen = Some(name.to_owned());
    }

    /// Remembers which model is wanted from now on.
    pub(super) fn want_model(&self, name: &str) {
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        *wanted = Some(name.to_owned());
    }

    /// The model that was asked for last, if one was.
    pub(super) fn wanted_model(&self) -> Option<String> {
        let wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        wanted.clone()
    }

    /// Has the diagnostics of a prompt told to the client.
    pub(super) fn publish(&self, key: &Key) {
        self.publish.add(key);
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

    /// The number of a new wish for the client's settings, or of new ones; older wishes are void.
    pub(super) fn next_settings_request(&self) -> u64 {
        self.settings_requests.fetch_add(1, Ordering::SeqCst) + 1
    }

    pub(super) fn is_newest_settings_request(&self, number: u64) -> bool {
        self.settings_requests.load(Ordering::SeqCst) == number
    }

    /// Says in the log that a job panicked, and to the client, once in a session.
    pub(super) fn tell_of_panic(&self, message: &str) {
        tracing::error!(
            "a job of the model panicked; with HOPLENS_LOG=hoplens=debug the log has its words"
        );
        tracing::debug!(message, "what it said");
        if self.told_of_panic.swap(true, Ordering::SeqCst) {
            return;
        }
        let client = self.client.clone();
        let told = "hoplens could not analyse a prompt because of a mistake of its own. Other prompts are \
                    not affected. Please report it with the server's log.";
        tokio::spawn(async move { client.show_message(MessageType::ERROR, told).await });
    }
}
