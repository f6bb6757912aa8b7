//! The model store against a local HTTP server, a fake pip and made-up caches.
//!
//! No test needs the network, and none touches the user's caches: every path and address goes
//! through `StoreOptions`.

mod faults;
mod hub;
mod local;
mod manage;
mod processes;
mod server;
#[cfg(unix)]
mod wheel;

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use hoplens::model::store::{
    Located, ModelRef, Progress, Retry, Silent, StoreError, StoreOptions, fetch,
};
use sha2::Digest as _;

pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(&sha2::Sha256::digest(bytes))
}

/// The name git gives to a file's content.
pub(crate) fn git_sha1(bytes: &[u8]) -> String {
    let mut hash = sha1::Sha1::new();
    hash.update(format!("blob {}\0", bytes.len()));
    hash.update(bytes);
    hex(&hash.finalize())
}

fn hex(bytes: &[u8]) -> String {
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.concat()
}

/// Bytes that differ everywhere, so that a shifted or repeated part is noticed.
pub(crate) fn noise(length: usize, seed: u32) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
    (0..length)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .collect()
}

/// Options for a store in `root` that may connect to `endpoint`, and loses no time.
pub(crate) fn options(root: &Path, endpoint: &str) -> StoreOptions {
    StoreOptions {
        endpoint: endpoint.to_owned(),
        offline: false,
        retry: Retry {
            attempts: 3,
            pause: Duration::from_millis(5),
            longest: Duration::from_secs(2),
            timeout: Duration::from_secs(5),
        },
        ..StoreOptions::under(root)
    }
}

pub(crate) fn pull(model: &str, options: &StoreOptions) -> Result<Located, StoreError> {
    fetch(&ModelRef::parse(model)?, options, &Silent, &|| false)
}

/// Every file and link below a folder, relative to it, sorted; without lock files, which stay.
pub(crate) fn files(folder: &Path) -> Vec<String> {
    fn walk(folder: &Path, root: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if entry.file_type().unwrap().is_dir() {
                walk(&path, root, found);
            } else if path.extension().is_none_or(|end| end != "lock") {
                found.push(path.strip_prefix(root).unwrap().display().to_string());
            }
        }
    }
    let mut found = Vec::new();
    walk(folder, folder, &mut found);
    found.sort();
    found
}

/// Writes a file with its folders.
pub(crate) fn put(path: PathBuf, content: impl AsRef<[u8]>) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}

/// Keeps what a fetch said.
#[derive(Default)]
pub(crate) struct Recorder {
    pub notes: Mutex<Vec<String>>,
    /// The furthest state of the last file.
    pub bytes: Mutex<(String, u64, Option<u64>)>,
}

impl Progress for Recorder {
    fn bytes(&self, what: &str, done: u64, total: Option<u64>) {
        *self.bytes.lock().unwrap() = (what.to_owned(), done, total);
    }

    fn note(&self, text: &str) {
        self.notes.lock().unwrap().push(text.to_owned());
    }
}
