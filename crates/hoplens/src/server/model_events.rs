//! Chooses the model of the session, loads it, and keeps the snapshot's model status up to date.
//!
//! The steps of a load: [`Session::request_model`] determines the name, [`Session::model_named`]
//! starts a search for the files, [`Session::search_reported`] receives the reports of the search,
//! and [`Session::model_status_changed`] the status of the load on the engine's thread.

use std::sync::Arc;

use crate::engine::ModelStatus;
use crate::server::event::{Consent, MissingModel, ModelRequest, ModelSearch, Trigger};
use crate::server::model_search;
use crate::server::model_search::ModelSearchTask;
use crate::server::progress::WorkProgress;
use crate::server::session::{ModelSearchControl, Session};
use hoplens_runtime::{CancelToken, LoadOptions, Model};
use hoplens_store::{DEFAULT, LocatedModel};

impl Session {
    /// Loads the model that the settings name.
    pub(super) fn load_model(&mut self, consent: Consent) {
        self.request_model(ModelRequest::Load(consent));
    }

    /// Loads a model that a command chose. Until the server ends, it takes precedence over the
    /// models that flags and settings name.
    pub(super) fn choose_model(&mut self, name: String) {
        self.chosen_model = Some(name);
        self.load_model(Consent::Ask);
    }

    /// Determines the name of the model and continues with [`Self::model_named`]. The first of
    /// these names counts: the one that a command chose, the one of the command line, the one of
    /// the client's settings, the one in the `hoplens.toml` of a workspace folder, in the order of
    /// the folders, and the default. The saved text of a `hoplens.toml` counts, even if the file is
    /// open, because a name that is being typed names no model.
    pub(super) fn request_model(&mut self, request: ModelRequest) {
        let name = self.chosen_model.clone();
        let name = name.or_else(|| self.handle.options.model.clone());
        let name = name.or_else(|| self.current.settings.model.clone());
        if name.is_some() {
            self.model_named(request, name);
            return;
        }
        let mut roots = self.current.roots.as_ref().clone();
        if roots.is_empty() {
            roots.push(".".into());
        }
        let documents = Arc::clone(&self.current.documents);
        // The file reader replies with the event that calls `model_named`.
        self.handle
            .files
            .read_project_model(request, roots, documents);
    }

    /// Handles the name of the model, `None` for the default model: replaces the running search for
    /// model files by one for this name.
    pub(super) fn model_named(&mut self, request: ModelRequest, name: Option<String>) {
        let name = name.unwrap_or_else(|| DEFAULT.to_owned());
        let consent = match request {
            ModelRequest::Load(consent) => consent,
            ModelRequest::LoadIfRenamed => {
                // If no model was requested yet, the first load after `initialized` reads the new
                // settings anyway.
                let requested = self.current.requested_model.as_deref();
                if requested.is_none_or(|requested| requested == name) {
                    return;
                }
                Consent::Ask
            }
        };
        self.search.cancel.cancel();
        self.search = ModelSearchControl {
            number: self.search.number + 1,
            cancel: CancelToken::new(),
        };
        self.change().requested_model = Some(name.as_str().into());
        model_search::spawn(ModelSearchTask {
            handle: self.handle.clone(),
            name,
            number: self.search.number,
            cancel: self.search.cancel.clone(),
            consent,
        });
    }

    /// Handles a report of the search with the number `number`. Reports of an older search are
    /// ignored.
    pub(super) fn search_reported(&mut self, number: u64, report: ModelSearch) {
        if number != self.search.number || self.handle.lifecycle.is_shutting_down() {
            return;
        }
        match report {
            ModelSearch::Found(located) => self.load_located(*located),
            ModelSearch::Asking(reason) | ModelSearch::Missing(MissingModel::Absent(reason)) => {
                let had_failed = matches!(*self.current.model, ModelStatus::Failed(_));
                self.set_absent(reason.clone());
                if had_failed {
                    self.publish_all();
                }
                self.report_status(ModelStatus::Absent(reason));
            }
            ModelSearch::DownloadBegins(name) => {
                self.report_status(ModelStatus::Loading(format!("{name} (downloading)")));
                self.set_absent(format!("{name} is being downloaded"));
            }
            ModelSearch::Downloading(state) => self.set_absent(state),
            ModelSearch::Missing(MissingModel::Unusable(reason)) => {
                self.handle.engine.set_failed(reason.clone());
                self.follow_engine_status();
                self.publish_all();
                self.report_status(ModelStatus::Failed(reason));
            }
        }
    }

    /// Handles a change of the model's status on the engine's thread.
    pub(super) fn model_status_changed(&mut self, status: ModelStatus) {
        self.follow_engine_status();
        self.loading = match &status {
            ModelStatus::Loading(what) => {
                Some(WorkProgress::begin(&self.handle, format!("Loading {what}")))
            }
            _ => None,
        };
        match status {
            // Analyses begin before the status is reported: a client may open a prompt in response
            // to the report, and that prompt must not be analyzed twice.
            ModelStatus::Ready(_) => self.analyze_all(Trigger::ModelLoaded),
            ModelStatus::Failed(_) => self.publish_all(),
            ModelStatus::Absent(_) | ModelStatus::Loading(_) => {}
        }
        self.report_status(status);
    }

    /// Loads model files that the search found, on the engine's thread.
    fn load_located(&self, located: LocatedModel) {
        let options = LoadOptions {
            name: located.name.clone(),
            sha256: located.sha256.clone(),
            device: self.handle.options.device,
            cache_bytes: self.handle.options.cache_bytes,
        };
        self.handle.engine.load(located.name.clone(), move || {
            Model::load(&located.format, &options).map_err(|error| error.to_string())
        });
    }

    /// Records that there is no model, with the reason that hovers and commands show.
    fn set_absent(&mut self, reason: String) {
        self.handle.engine.set_absent(reason);
        self.follow_engine_status();
    }

    /// Copies the engine's status to the snapshot. The engine's own status may be newer than the
    /// one in the event that is being handled.
    fn follow_engine_status(&mut self) {
        let status = self.handle.engine.status();
        self.change().model = Arc::new(status);
    }

    /// Sends a status to the task that reports it to the client.
    fn report_status(&self, status: ModelStatus) {
        // An error means that the reporting task has ended, which happens only at exit.
        let _ = self.status_reports.send(status);
    }
}
