//! Where the Jacobian lens of a model is: beside the models, under the digest of the weights.

use std::path::{Path, PathBuf};

use crate::error::{OnPath, StoreError};
use crate::options::StoreOptions;
use crate::removal_report::RemovalReport;

/// The path of the Jacobian lens of the model whose weights have this digest, whether or not the
/// file exists.
pub fn jacobian_lens_path(options: &StoreOptions, sha256: &str) -> PathBuf {
    let folder = options.hoplens_cache.join("lenses");
    folder.join(format!("{sha256}.jacobian.safetensors"))
}

/// The path of the checkpoint of a fit that was stopped, for the lens file `lens`.
pub fn checkpoint_path(lens: &Path) -> PathBuf {
    let name = lens.file_name().unwrap_or_default().to_string_lossy();
    lens.with_file_name(format!("{name}.checkpoint"))
}

/// Removes the Jacobian lens of a model and the checkpoint of its fit, where they exist.
pub(super) fn remove_lens(
    options: &StoreOptions,
    sha256: &str,
    removed: &mut RemovalReport,
) -> Result<(), StoreError> {
    let lens = jacobian_lens_path(options, sha256);
    for path in [checkpoint_path(&lens), lens] {
        let Ok(meta) = path.symlink_metadata() else {
            continue;
        };
        std::fs::remove_file(&path).on("remove", &path)?;
        removed.freed += meta.len();
        removed.paths.push(path);
    }
    Ok(())
}
