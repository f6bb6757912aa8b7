//! Reads lens files.

use std::path::Path;

use crate::cli::error::CliError;
use hoplens_interp::lens::trained::TrainedLens;
use hoplens_runtime::Model;

/// Reads the file of a trained lens; `any`: a lens of another model is allowed.
pub(in crate::cli::lens::eval) fn open(
    path: &Path,
    model: &Model,
    any: bool,
) -> Result<TrainedLens, CliError> {
    let bytes = std::fs::read(path).map_err(|source| CliError::Read {
        path: path.into(),
        source,
    })?;
    Ok(if any {
        TrainedLens::of_any_model(&bytes, model)?
    } else {
        TrainedLens::from_bytes(&bytes, model)?
    })
}
