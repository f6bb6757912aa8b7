//! What identifies a model's weights.

use sha2::{Digest as _, Sha256};

use super::StoreError;
use super::digest::{hex, sha256};
use super::folder;
use super::located::{Format, Located};
use super::options::StoreOptions;
use super::progress::{Cancel, Job, Silent};

/// SHA-256 of a model's weights, in lower-case hexadecimal.
///
/// Known without reading them where the store checked them as they came; otherwise all of them
/// are read. For sharded weights it is the SHA-256 of the shards' hexadecimal digests, one to a
/// line, in the order of their names.
///
/// # Errors
/// A file that cannot be read, and [`StoreError::Cancelled`].
pub fn fingerprint(
    model: &Located,
    options: &StoreOptions,
    cancel: Cancel,
) -> Result<String, StoreError> {
    if let Some(known) = &model.sha256 {
        return Ok(known.clone());
    }
    let job = Job {
        name: &model.name,
        options,
        progress: &Silent,
        cancel,
    };
    match &model.format {
        Format::Gguf(file) => sha256(file, job),
        Format::Folder(path) => {
            let files = folder::weights(path)?.ok_or_else(|| StoreError::NotAModel {
                path: path.clone(),
                cause: "its weights are gone: fetch it again".to_owned(),
            })?;
            if let [only] = files.as_slice() {
                return sha256(only, job);
            }
            let mut all = Sha256::new();
            for file in &files {
                all.update(sha256(file, job)?);
                all.update("\n");
            }
            Ok(hex(&all.finalize()))
        }
    }
}
