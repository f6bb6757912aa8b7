//! How the client's messages change the session: documents, folders, settings, files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;
use tower_lsp_server::ls_types as lsp;

use crate::server::client_capabilities::ClientCapabilities;
use crate::server::configuration;
use crate::server::document::{ByteEdit, Document};
use crate::server::document_key::DocumentKey;
use crate::server::event::{Consent, ModelRequest, Trigger};
use crate::server::server_settings::ServerSettings;
use crate::server::session::Session;
use crate::server::watched_files;
use hoplens_workspace::ProjectError;

impl Session {
    /// Applies the client's first `initialize`: its capabilities, folders and settings.
    pub(super) fn set_client(&mut self, params: &lsp::InitializeParams) {
        self.change().client = Arc::new(ClientCapabilities::read(params));
        self.replace_roots(&[], roots(params));
        let options = params.initialization_options.as_ref();
        match options.map(ServerSettings::read) {
            Some(Ok(Some(settings))) => self.change().settings = Arc::new(settings),
            Some(Err(error)) => tracing::warn!(%error),
            Some(Ok(None)) | None => {}
        }
    }

    /// The client is ready: requests its settings, then the model that they name.
    pub(super) fn client_is_ready(&mut self) {
        let client = Arc::clone(&self.current.client);
        if client.code_links {
            self.handle
                .files
                .write_code_pages(self.handle.options.store.clone());
        }
        if client.configuration {
            self.request_settings(true);
        } else {
            self.load_model(Consent::Ask);
        }
        if client.watch_files {
            watched_files::register(self.handle.client.clone());
        }
    }

    /// Adds a document that the client opened.
    pub(super) fn open_document(&mut self, item: lsp::TextDocumentItem) {
        let document = Document::open(item, self.next_revision());
        let key = document.key();
        Arc::make_mut(&mut self.change().documents).insert(key.clone(), Arc::new(document));
        self.document_touched(&key, Trigger::Opened, &[]);
    }

    /// Applies the client's edits of a document.
    pub(super) fn change_document(&mut self, params: lsp::DidChangeTextDocumentParams) {
        let key = DocumentKey::of(&params.text_document.uri);
        let encoding = self.current.client.encoding;
        let revision = self.next_revision();
        let documents = Arc::make_mut(&mut self.change().documents);
        let Some(document) = documents.get_mut(&key) else {
            let uri = params.text_document.uri.as_str();
            tracing::warn!(uri, "changed but not open");
            return;
        };
        let document = Arc::make_mut(document);
        let edits = document.apply(params.content_changes, encoding);
        document.version = params.text_document.version;
        document.revision = revision;
        self.document_touched(&key, Trigger::Edited, &edits);
    }

    /// Reads again what a save may have changed on the disk.
    pub(super) fn document_saved(&mut self, key: &DocumentKey) {
        // A client that watches files reports this one by itself.
        let is_companion = is_shared(key) || self.readers_of(key).next().is_some();
        if is_companion && !self.current.client.watch_files {
            self.files_changed(std::slice::from_ref(key));
        }
        let (prompt, _) = key.prompt_and_origin();
        self.analyze_if_changed(&prompt, Trigger::Saved);
    }

    /// Removes a document that the client closed.
    pub(super) fn close_document(&mut self, key: &DocumentKey) {
        Arc::make_mut(&mut self.change().documents).remove(key);
        self.document_touched(key, Trigger::Closed, &[]);
    }

    /// A document was opened, changed or closed: analyzes its prompt, and those that share it.
    fn document_touched(&mut self, key: &DocumentKey, trigger: Trigger, edits: &[ByteEdit]) {
        if key.is_project_file() {
            self.publish(key);
        } else if let Some(prompt) = key.prompt_of_sidecar() {
            // The prompt may still be open when its sidecar is closed.
            let trigger = match trigger {
                Trigger::Closed => Trigger::Saved,
                other => other,
            };
            self.analyze(&prompt, trigger, &[]);
        } else if trigger != Trigger::Closed || self.current.prompts.contains_key(key) {
            self.analyze(key, trigger, edits);
        }
        // The saved text counts once the document is closed.
        let trigger = match trigger {
            Trigger::Closed => Trigger::Opened,
            other => other,
        };
        if is_shared(key) {
            self.analyze_dependents(key, trigger);
        } else {
            self.analyze_readers(key, trigger);
        }
    }

    /// Removes closed workspace folders and appends new ones: the settings of another folder may
    /// name the model now.
    pub(super) fn change_roots(&mut self, removed: &[PathBuf], added: Vec<PathBuf>) {
        self.replace_roots(removed, added);
        self.load_model_if_renamed();
    }

    fn replace_roots(&mut self, removed: &[PathBuf], added: Vec<PathBuf>) {
        let roots = Arc::make_mut(&mut self.change().roots);
        roots.retain(|root| !removed.contains(root));
        for root in added {
            if !roots.contains(&root) {
                roots.push(root);
            }
        }
    }

    /// Sidecars, and files that prompts share, changed on the disk.
    pub(super) fn files_changed(&mut self, keys: &[DocumentKey]) {
        for path in keys.iter().filter_map(DocumentKey::path) {
            self.handle.files.forget(path);
        }
        if keys.iter().any(DocumentKey::is_project_file) {
            self.load_model_if_renamed();
        }
        if let Some(shared) = keys.iter().find(|key| is_shared(key)) {
            self.analyze_dependents(shared, Trigger::Saved);
        }
        for key in keys.iter().filter(|key| !is_shared(key)) {
            self.analyze_readers(key, Trigger::Saved);
        }
        for prompt in keys.iter().filter_map(DocumentKey::prompt_of_sidecar) {
            if self.current.prompts.contains_key(&prompt) {
                self.analyze_if_changed(&prompt, Trigger::Saved);
            } else if self.current.documents.contains_key(&prompt) {
                // The first sidecar makes any open document a prompt.
                self.analyze(&prompt, Trigger::Saved, &[]);
            }
        }
    }

    /// Reports once that the settings of a project are ignored: if the file is open, its
    /// diagnostics say so.
    pub(super) fn project_is_unusable(&mut self, error: &ProjectError) {
        tracing::warn!(%error, "the project's settings are left out");
        let key = DocumentKey::File(error.path().into());
        if !self.current.documents.contains_key(&key) {
            self.show_message(format!(
                "{error} Until it is corrected, none of its settings counts."
            ));
        }
    }

    /// Takes settings that the client pushed; requests them if the client only reports a change.
    pub(super) fn settings_pushed(&mut self, pushed: &Value) {
        let read = ServerSettings::read(pushed);
        let is_empty = matches!(read, Ok(None));
        if is_empty && !self.current.client.configuration {
            return;
        }
        match read {
            Err(error) => {
                self.settings_requests += 1;
                tracing::warn!(%error);
            }
            Ok(Some(settings)) => {
                self.settings_requests += 1;
                self.apply_settings(settings);
            }
            Ok(None) => self.request_settings(false),
        }
    }

    /// Applies the client's answer to the request for its settings, unless newer ones came.
    pub(super) fn settings_received(
        &mut self,
        number: u64,
        settings: Option<ServerSettings>,
        is_first: bool,
    ) {
        if let Some(settings) = settings
            && number == self.settings_requests
        {
            self.apply_settings(settings);
        }
        if is_first {
            self.load_model(Consent::Ask);
            if self.current.client.watch_settings {
                configuration::register(self.handle.client.clone());
            }
        }
    }

    fn request_settings(&mut self, is_first: bool) {
        self.settings_requests += 1;
        configuration::request(self.handle.clone(), self.settings_requests, is_first);
    }

    fn apply_settings(&mut self, settings: ServerSettings) {
        let run_changed = settings.run != self.current.settings.run;
        self.change().settings = Arc::new(settings);
        self.load_model_if_renamed();
        self.refresh.all();
        if run_changed {
            self.analyze_all(Trigger::Opened);
        }
    }

    fn load_model_if_renamed(&mut self) {
        self.request_model(ModelRequest::LoadIfRenamed);
    }
}

/// Returns whether many prompts depend on a file.
fn is_shared(key: &DocumentKey) -> bool {
    key.path().is_some_and(watched_files::is_shared_by_prompts)
}

/// Returns the client's folders, the first one first.
#[expect(deprecated, reason = "older clients have nothing else")]
fn roots(params: &lsp::InitializeParams) -> Vec<PathBuf> {
    let folders = params.workspace_folders.iter().flatten();
    let mut uris: Vec<&lsp::Uri> = folders.map(|folder| &folder.uri).collect();
    if uris.is_empty() {
        uris.extend(&params.root_uri);
    }
    let keys = uris.into_iter().map(DocumentKey::of);
    keys.filter_map(|key| key.path().map(Path::to_path_buf))
        .collect()
}
