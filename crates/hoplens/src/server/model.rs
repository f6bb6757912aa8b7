//! Finding, fetching and loading the model. Nothing is fetched that nobody agreed to.

use std::sync::Arc;

use tower_lsp_server::ls_types::{MessageActionItem, MessageType};

use crate::engine::ModelStatus;
use crate::server::progress::{Progress, Step};
use crate::server::state::State;
use crate::server::status;
use hoplens_ide::percent;
use hoplens_runtime::{LoadOptions, Model};
use hoplens_store::{LocatedModel, ModelRef, StoreError};

/// Whether a model may be fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Consent {
    /// The person has to be asked.
    Ask,
    /// The person asked for it.
    Given,
}

/// Gets the model that the settings name, in the background.
pub(super) fn start(state: &Arc<State>, consent: Consent) {
    let number = state.next_model_request();
    let name = state.model_name();
    state.want_model(&name);
    let state = Arc::clone(state);
    tokio::spawn(async move {
        let found = get(&state, &name, number, consent).await;
        if !state.is_newest_model_request(number) || state.lifecycle.is_shutting_down() {
            return;
        }
        match found {
            Ok(located) => load(&state, located),
            Err(Missing::Absent(reason)) => absent(&state, reason).await,
            Err(Missing::Failed(reason)) => failed(&state, reason).await,
        }
    });
}

/// Gets another model, if the settings name another one than they did.
pub(super) fn follow(state: &Arc<State>) {
    // The first one is got once the client is ready.
    if let Some(wanted) = state.wanted_model()
        && wanted != state.model_name()
    {
        start(state, Consent::Ask);
    }
}

/// Why there is no model.
enum Missing {
    /// It is not here, and may come.
    Absent(String),
    /// What was named is no model.
    Failed(String),
}

impl From<StoreError> for Missing {
    fn from(error: StoreError) -> Self {
        if error.is_no_model() {
            Self::Failed(error.to_string())
        } else {
            Self::Absent(error.to_string())
        }
    }
}

async fn get(
    state: &Arc<State>,
    name: &str,
    number: u64,
    consent: Consent,
) -> Result<LocatedModel, Missing> {
    let model: ModelRef = name
        .parse()
        .map_err(|error: StoreError| Missing::from(error))?;
    let options = state.options.store.clone();
    let wanted = model.clone();
    let found = blocking(move || hoplens_store::locate(&wanted, &options))
        .await
        .map_err(Missing::Absent)?;
    if let Some(located) = found? {
        return Ok(located);
    }
    let remedy = format!("Run `hoplens models pull {name}`, then reload, or name another model.");
    if state.options.store.offline {
        return Err(Missing::Absent(format!(
            "the model {name} is not on this disk, and the network is off. {remedy}"
        )));
    }
    let absent = format!("the model {name} is not on this disk");
    if consent == Consent::Ask {
        self::absent(state, format!("{absent}. {remedy}")).await;
        if !ask(state, name, &model).await {
            return Err(Missing::Absent(format!(
                "{absent} and was not downloaded. {remedy}"
            )));
        }
    }
    fetch(state, name, model, number).await
}

/// Whether the person wants the model to be fetched.
async fn ask(state: &State, name: &str, model: &ModelRef) -> bool {
    const YES: &str = "Download";
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
    let answer = state
        .client
        .show_message_request(MessageType::INFO, question, Some(items))
        .await;
    matches!(answer, Ok(Some(answer)) if answer.title == YES)
}

async fn fetch(
    state: &Arc<State>,
    name: &str,
    model: ModelRef,
    number: u64,
) -> Result<LocatedModel, Missing> {
    let status = ModelStatus::Loading(format!("{name} (downloading)"));
    status::tell(state, &status).await;
    state
        .engine
        .set_absent(format!("{name} is being downloaded"));
    let shown = Shown {
        state: Arc::clone(state),
        name: name.to_owned(),
        progress: Progress::begin(state, format!("Downloading {name}")),
    };
    let state = Arc::clone(state);
    let fetched = blocking(move || {
        let unwanted =
            || state.lifecycle.is_shutting_down() || !state.is_newest_model_request(number);
        hoplens_store::fetch(&model, &state.options.store, &shown, &unwanted)
    });
    Ok(fetched.await.map_err(Missing::Absent)??)
}

fn load(state: &State, located: LocatedModel) {
    let options = LoadOptions {
        name: located.name.clone(),
        sha256: located.sha256.clone(),
        device: state.options.device,
        cache_bytes: state.options.cache_bytes,
    };
    state.engine.load(located.name.clone(), move || {
        Model::load(&located.format, &options).map_err(|error| error.to_string())
    });
}

async fn failed(state: &State, reason: String) {
    state.engine.set_failed(reason.clone());
    state.publish_all();
    status::tell(state, &ModelStatus::Failed(reason)).await;
}

async fn absent(state: &State, reason: String) {
    let had_failed = matches!(state.engine.status(), ModelStatus::Failed(_));
    state.engine.set_absent(reason.clone());
    if had_failed {
        state.publish_all();
    }
    status::tell(state, &ModelStatus::Absent(reason)).await;
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, String> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| format!("looking for the model failed unexpectedly: {error}"))
}

/// A fetch as the client sees it, and as hovers tell it.
struct Shown {
    state: Arc<State>,
    name: String,
    progress: Progress,
}

impl hoplens_store::FetchProgress for Shown {
    fn bytes(&self, what: &str, done: u64, total: Option<u64>) {
        let share = total.filter(|total| *total > 0);
        let share = share.map_or(0.0, |total| done as f64 / total as f64);
        let so_far = format!("{} MB", done / 1_000_000);
        self.progress.report(Step {
            message: format!("{what}: {so_far}"),
            percent: (100.0 * share.min(1.0)) as u32,
        });
        let name = &self.name;
        self.state
            .engine
            .set_absent(format!("{name} is being downloaded ({})", percent(share)));
    }

    fn note(&self, text: &str) {
        tracing::info!("{text}");
        self.progress.report(Step {
            message: text.to_owned(),
            percent: 0,
        });
    }
}
