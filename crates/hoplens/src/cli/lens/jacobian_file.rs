//! Reads the file of a Jacobian lens.

use std::io::ErrorKind;
use std::path::Path;

use crate::cli::error::CliError;
use crate::cli::global::Global;
use hoplens_interp::lens::jacobian::JacobianLens;
use hoplens_runtime::Model;
use hoplens_store::jacobian_lens_path;

/// Reads the Jacobian lens in `path`, by default the one beside the models.
pub(super) fn open(
    path: Option<&Path>,
    global: &Global,
    model: &Model,
) -> Result<JacobianLens, CliError> {
    let own = jacobian_lens_path(&global.store(), &model.info.sha256);
    let bytes = match std::fs::read(path.unwrap_or(&own)) {
        Ok(bytes) => bytes,
        Err(source) if path.is_none() && source.kind() == ErrorKind::NotFound => {
            return Err(CliError::Usage {
                flag: "--lens jacobian",
                reason: format!(
                    "{} has no Jacobian lens yet; `hoplens lens fit` makes one in a few minutes",
                    model.info.name
                ),
            });
        }
        Err(source) => {
            return Err(CliError::Read {
                path: path.unwrap_or(&own).into(),
                source,
            });
        }
    };
    Ok(JacobianLens::from_bytes(&bytes, model)?)
}
