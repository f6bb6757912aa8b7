//! Finds the model on the disk, or downloads it. Nothing is downloaded without the user's consent.

use tower_lsp_server::ls_types::{MessageActionItem, MessageType};

use crate::server::event::{Consent, EngineEvent, MissingModel, ModelSearch};
use crate::server::progress::{ProgressStep, WorkProgress};
use crate::server::session_handle::SessionHandle;
use hoplens_ide::percent;
use hoplens_runtime::CancelToken;
use hoplens_store::{LocatedModel, ModelRef, StoreError};

/// A search for one model.
#[derive(Clone)]
pub(super) struct ModelSearchTask {
    /// The access to the session.
    pub handle: SessionHandle,
    /// The model's reference.
    pub name: String,
    /// The number of the search.
    pub number: u64,
    /// Ends a download.
    pub cancel: CancelToken,
    /// Whether the user has agreed to a download.
    pub consent: Consent,
}

/// Searches in the background; reports are events.
pub(super) fn spawn(task: ModelSearchTask) {
    tokio::spawn(async move {
        let report = match task.find().await {
            Ok(located) => ModelSearch::Found(Box::new(located)),
            Err(missing) => ModelSearch::Missing(missing),
        };
        task.report(report);
    });
}

impl From<StoreError> for MissingModel {
    fn from(error: StoreError) -> Self {
        if error.is_no_model() {
            Self::Unusable(error.to_string())
        } else {
            Self::Absent(error.to_string())
        }
    }
}

impl ModelSearchTask {
    async fn find(&self) -> Result<LocatedModel, MissingModel> {
        let name = &self.name;
        let model: ModelRef = name
            .parse()
            .map_err(|error: StoreError| MissingModel::from(error))?;
        let options = self.handle.options.store.clone();
        let wanted = model.clone();
        let found = blocking(move || hoplens_store::locate(&wanted, &options)).await?;
        if let Some(located) = found? {
            return Ok(located);
        }
        let remedy =
            format!("Run `hoplens models pull {name}`, then reload, or name another model.");
        if self.handle.options.store.offline {
            return Err(MissingModel::Absent(format!(
                "the model {name} is not on this disk, and the network is off. {remedy}"
            )));
        }
        let absent = format!("the model {name} is not on this disk");
        if self.consent == Consent::Ask {
            self.report(ModelSearch::Asking(format!("{absent}. {remedy}")));
            if !self.ask(&model).await {
                return Err(MissingModel::Absent(format!(
                    "{absent} and was not downloaded. {remedy}"
                )));
            }
        }
        self.download(model).await
    }

    /// Returns whether the user agrees to the download.
    async fn ask(&self, model: &ModelRef) -> bool {
        const YES: &str = "Download";
        let name = &self.name;
        let size = match model {
            ModelRef::Alias(alias) => format!(" ({} MB)", alias.size / 1_000_000),
            _ => String::new(),
        };
        let question = format!(
            "hoplens needs the model {name}{size}, which is not on this disk. Download it? Prompts \
             are never sent anywhere."
        );
        let item = |title: &str| MessageActionItem {
            title: title.to_owned(),
            properties: std::collections::HashMap::new(),
        };
        let items = vec![item(YES), item("Not now")];
        let client = &self.handle.client;
        let answer = client
            .show_message_request(MessageType::INFO, question, Some(items))
            .await;
        matches!(answer, Ok(Some(answer)) if answer.title == YES)
    }

    async fn download(&self, model: ModelRef) -> Result<LocatedModel, MissingModel> {
        self.report(ModelSearch::DownloadBegins(self.name.clone()));
        let progress = WorkProgress::begin(&self.handle, format!("Downloading {}", self.name));
        let shown = DownloadProgress {
            task: self.clone(),
            progress,
        };
        let task = self.clone();
        let fetched = blocking(move || {
            let (store, lifecycle) = (&task.handle.options.store, &task.handle.lifecycle);
            let is_unwanted = || lifecycle.is_shutting_down() || task.cancel.is_cancelled();
            hoplens_store::fetch(&model, store, &shown, &is_unwanted)
        });
        Ok(fetched.await??)
    }

    fn report(&self, report: ModelSearch) {
        let number = self.number;
        self.handle
            .send_engine(EngineEvent::Search { number, report });
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, MissingModel> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        MissingModel::Absent(format!(
            "the search for the model failed unexpectedly: {error}"
        ))
    })
}

/// Shows a download in the client and in hovers.
struct DownloadProgress {
    task: ModelSearchTask,
    progress: WorkProgress,
}

impl hoplens_store::FetchProgress for DownloadProgress {
    fn bytes(&self, what: &str, done: u64, total: Option<u64>) {
        let share = total.filter(|total| *total > 0);
        let share = share.map_or(0.0, |total| done as f64 / total as f64);
        let so_far = format!("{} MB", done / 1_000_000);
        self.progress.report(ProgressStep {
            message: format!("{what}: {so_far}"),
            percent: (100.0 * share.min(1.0)) as u32,
        });
        let name = &self.task.name;
        let state = format!("{name} is being downloaded ({})", percent(share));
        self.task.report(ModelSearch::Downloading(state));
    }

    fn note(&self, text: &str) {
        tracing::info!("{text}");
        self.progress.report(ProgressStep {
            message: text.to_owned(),
            percent: 0,
        });
    }
}
