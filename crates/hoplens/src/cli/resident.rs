//! Loads the model that a command works with.

use crate::cli::error::CliError;
use crate::cli::global::Global;
use crate::cli::{models, progress};
use hoplens_runtime::{LoadOptions, Model};
use hoplens_store::ModelFiles;
use hoplens_store::ModelRef;

/// Finds, fetches if necessary, and loads the model that the flags name.
pub(super) fn load(global: &Global) -> Result<Model, CliError> {
    Ok(load_with_files(global)?.0)
}

/// As [`load`], and returns the paths of the model's files as well.
pub(super) fn load_with_files(global: &Global) -> Result<(Model, ModelFiles), CliError> {
    let reference: ModelRef = global.model().parse()?;
    let options = global.store();
    let bar = models::progress_bar();
    let located = hoplens_store::resolve(&reference, &options, &bar, &|| false)?;
    drop(bar);
    let spinner = progress::spinner(format!("Loading {}", located.name));
    let load = LoadOptions {
        name: located.name.clone(),
        sha256: located.sha256.clone(),
        device: global.device(),
        cache_bytes: global.cache_bytes(),
    };
    let model = Model::load(&located.format, &load)?;
    spinner.finish_and_clear();
    Ok((model, located.format))
}
