//! Hashes of files, and the check against what was promised.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use crate::error::OnPath;
use crate::error::StoreError;
use crate::progress::FetchJob;

/// What a file's content must hash to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expected {
    /// SHA-256: large files of the hub, wheels, GGUF files.
    Sha256(String),
    /// A SHA-1 of the content as a git blob (small files of the hub) or, on some mirrors,
    /// of the content alone.
    Sha1(String),
    /// The server gave no hash; only the length is checked.
    Unknown,
}

impl Expected {
    /// Reads the hub's entity tag, which is the hash.
    pub fn from_etag(etag: &str) -> Self {
        let hex = etag.chars().all(|c| c.is_ascii_hexdigit());
        match etag.len() {
            64 if hex => Self::Sha256(etag.to_ascii_lowercase()),
            40 if hex => Self::Sha1(etag.to_ascii_lowercase()),
            _ => Self::Unknown,
        }
    }
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// SHA-256 of a file, in lower-case hexadecimal.
pub(super) fn sha256(path: &Path, job: FetchJob) -> Result<String, StoreError> {
    let mut hash = Sha256::new();
    each_block(path, job, &mut |block| hash.update(block))?;
    Ok(hex(&hash.finalize()))
}

/// Checks a file's content. `what` names it in the error.
pub(super) fn check(
    path: &Path,
    what: &str,
    expected: &Expected,
    job: FetchJob,
) -> Result<(), StoreError> {
    let (expected, found) = match expected {
        Expected::Unknown => return Ok(()),
        Expected::Sha256(expected) => (expected, vec![sha256(path, job)?]),
        Expected::Sha1(expected) => (expected, sha1(path, job)?),
    };
    if found.contains(expected) {
        return Ok(());
    }
    Err(StoreError::HashMismatch {
        what: what.to_owned(),
        expected: expected.clone(),
        found: found.into_iter().next().unwrap_or_default(),
    })
}

/// Both SHA-1 readings of a file: as a git blob, and plain.
fn sha1(path: &Path, job: FetchJob) -> Result<Vec<String>, StoreError> {
    let length = std::fs::metadata(path).on("read", path)?.len();
    let mut blob = Sha1::new();
    blob.update(format!("blob {length}\0"));
    let mut plain = Sha1::new();
    each_block(path, job, &mut |block| {
        blob.update(block);
        plain.update(block);
    })?;
    Ok(vec![hex(&blob.finalize()), hex(&plain.finalize())])
}

fn each_block(path: &Path, job: FetchJob, update: &mut dyn FnMut(&[u8])) -> Result<(), StoreError> {
    let mut file = File::open(path).on("open", path)?;
    let mut block = vec![0; 1 << 20];
    loop {
        job.check()?;
        let count = file.read(&mut block).on("read", path)?;
        match block.get(..count) {
            Some([]) | None => return Ok(()),
            Some(read) => update(read),
        }
    }
}
