//! How the session chooses a model and follows its state.

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

    /// Prefers a model to all that settings name, until the server ends.
    pub(super) fn choose_model(&mut self, name: String) {
        self.chosen_model = Some(name);
        self.load_model(Consent::Ask);
    }

    /// Finds out which model is meant: the one that a command chose, then the command line's, then
    /// the client's, then that of the first folder whose `hoplens.toml` names one, then the
    /// default. Of an open `hoplens.toml` the saved text counts here, because the name of a model makes
    /// no sense before all of it is typed.
    pub(super) fn request_model(&mut self, request: ModelRequest) {
        let named = self.chosen_model.clone();
        let named = named.or_else(|| self.handle.options.model.clone());
        let named = named.or_else(|| self.current.settings.model.clone());
        if named.is_some() {
            self.model_named(request, named);
            return;
        }
        let mut roots = self.current.roots.as_ref().clone();
        if roots.is_empty() {
            roots.push(".".into());
        }
        let documents = Arc::clone(&self.current.documents);
        self.handle
            .files
            .read_project_model(request, roots, documents);
    }

    /// It is known which model the settings name; `None` stands for the default.
    pub(super) fn model_named(&mut self, request: ModelRequest, name: Option<String>) {
        let name = name.unwrap_or_else(|| DEFAULT.to_owned());
        let consent = match request {
            ModelRequest::Load(consent) => consent,
            ModelRequest::LoadIfRenamed => {
                // The first model is loaded once the client is ready.
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

    /// The search for a model reports.
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

    /// The model's state changed on the engine's thread.
    pub(super) fn model_status_changed(&mut self, status: ModelStatus) {
        self.follow_engine_status();
        self.loading = match &status {
            ModelStatus::Loading(what) => {
                Some(WorkProgress::begin(&self.handle, format!("Loading {what}")))
            }
            _ => None,
        };
        match status {
            // Before it is reported, so that a prompt that the client opens because of the report
            // is not analyzed twice.
            ModelStatus::Ready(_) => self.analyze_all(Trigger::ModelLoaded),
            ModelStatus::Failed(_) => self.publish_all(),
            ModelStatus::Absent(_) | ModelStatus::Loading(_) => {}
        }
        self.report_status(status);
    }

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

    fn set_absent(&mut self, reason: String) {
        self.handle.engine.set_absent(reason);
        self.follow_engine_status();
    }

    /// The engine's own state is newer than that of a waiting event.
    fn follow_engine_status(&mut self) {
        let status = self.handle.engine.status();
        self.change().model = Arc::new(status);
    }

    fn report_status(&self, status: ModelStatus) {
        // The reporter ends with the process.
        let _ = self.status_reports.send(status);
    }
}
