//! Fetches models from the hub into the Hugging Face cache.

use crate::digest::Expected;
use crate::download::{RemoteFile, download};
use crate::error::OnPath;
use crate::error::StoreError;
use crate::folder;
use crate::folder::{INDEX, RepoContent};
use crate::hf_cache::{RepoCache, clean_etag, is_commit};
use crate::http::Client;
use crate::lock;
use crate::paths::is_relative;
use crate::progress::FetchJob;
use crate::reference::HubRef;

use ureq::http::{HeaderMap, header};

/// Fetches the model that `hub` names. `refs/` is updated last, so that an interrupted fetch leaves
/// the previous revision in place.
///
/// `sha256` is the pinned digest of the weights, if there is one. The digest that the hub states is
/// compared with it before anything is downloaded.
pub(super) fn fetch(hub: &HubRef, sha256: Option<&str>, job: FetchJob) -> Result<(), StoreError> {
    let client = Client::new(job);
    let cache = RepoCache::new(&job.options.hf_cache, &hub.repo);
    let repo = Repo {
        client: &client,
        cache: &cache,
        job,
        name: &hub.repo,
        sha256,
    };
    let commit = match &hub.file {
        Some(file) => repo.file(&hub.revision, file)?,
        None => repo.folder(&hub.revision)?,
    };
    cache.write_ref(&hub.revision, &commit)
}

struct Repo<'a> {
    client: &'a Client<'a>,
    cache: &'a RepoCache,
    job: FetchJob<'a>,
    name: &'a str,
    sha256: Option<&'a str>,
}

impl Repo<'_> {
    /// Fetches the files of a model at one commit and returns the commit.
    fn folder(&self, revision: &str) -> Result<String, StoreError> {
        let url = format!(
            "{}/api/models/{}/revision/{}",
            self.job.options.endpoint,
            self.name,
            encode(revision, false)
        );
        let (commit, files) = read_listing(&self.client.json(&url)?, &url)?;
        match folder::choose(self.name, &files)? {
            RepoContent::Gguf(file) => {
                self.file(&commit, &file)?;
            }
            RepoContent::Folder(names) => {
                for name in &names {
                    self.file(&commit, name)?;
                }
                // An index is the last of the names, so it has been fetched.
                if names.iter().any(|name| name == INDEX) {
                    for shard in folder::shards(&self.cache.snapshot(&commit).join(INDEX))? {
                        self.file(&commit, &shard)?;
                    }
                }
            }
        }
        Ok(commit)
    }

    /// Fetches one file unless it is cached, and returns the commit that it belongs to.
    fn file(&self, revision: &str, file: &str) -> Result<String, StoreError> {
        self.job.check()?;
        if is_commit(revision) && self.cache.snapshot(revision).join(file).is_file() {
            return Ok(revision.to_owned());
        }
        let url = format!(
            "{}/{}/resolve/{}/{}",
            self.job.options.endpoint,
            self.name,
            encode(revision, false),
            encode(file, true)
        );
        let head = read_head(&self.client.head(&url)?, revision, &url)?;
        self.compare_with_pin(file, &head)?;

        let blob = self.cache.blob(&head.etag);
        let blobs = self.cache.blobs();
        std::fs::create_dir_all(&blobs).on("create the folder", &blobs)?;
        let lock = lock::acquire(&self.cache.lock(&head.etag), self.job)?;
        // The previous holder of the lock may have fetched it.
        if !blob.is_file() {
            let partial = self.cache.blob(&format!("{}.incomplete", head.etag));
            // At the commit, so that all files are of one version.
            let at_commit = format!(
                "{}/{}/resolve/{}/{}",
                self.job.options.endpoint,
                self.name,
                head.commit,
                encode(file, true)
            );
            let source = RemoteFile {
                url: &at_commit,
                what: file,
                expected: Expected::from_etag(&head.etag),
                size: head.size,
            };
            download(self.client, self.job, &source, &partial, &blob)?;
        }
        self.cache.link(&head.commit, file, &head.etag)?;
        drop(lock);
        Ok(head.commit)
    }

    /// Checks that the hub states the pinned hash for a pinned file.
    fn compare_with_pin(&self, file: &str, head: &Head) -> Result<(), StoreError> {
        let Some(pinned) = self.sha256 else {
            return Ok(());
        };
        let weights = crate::paths::is_gguf(file.as_ref()) || file == folder::WEIGHTS;
        if weights && !head.etag.eq_ignore_ascii_case(pinned) {
            return Err(StoreError::HashMismatch {
                what: format!("{}:{file}", self.name),
                expected: pinned.to_owned(),
                found: head.etag.clone(),
            });
        }
        Ok(())
    }
}

/// What the hub says about a file.
struct Head {
    commit: String,
    etag: String,
    size: Option<u64>,
}

fn read_head(headers: &HeaderMap, revision: &str, url: &str) -> Result<Head, StoreError> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let bad = |cause: &str| StoreError::BadReply {
        url: url.to_owned(),
        cause: cause.to_owned(),
    };
    let etag = text("x-linked-etag")
        .or_else(|| text(header::ETAG.as_str()))
        .and_then(clean_etag)
        .ok_or_else(|| bad("no usable ETag header"))?;
    let commit = text("x-repo-commit")
        .or_else(|| is_commit(revision).then_some(revision))
        .filter(|commit| is_commit(commit))
        .ok_or_else(|| bad("no X-Repo-Commit header"))?;
    // A reply that redirects has the length of its own body, not of the file.
    let size = if headers.contains_key(header::LOCATION) {
        text("x-linked-size")
    } else {
        text("x-linked-size").or_else(|| text(header::CONTENT_LENGTH.as_str()))
    };
    Ok(Head {
        commit: commit.to_owned(),
        etag,
        size: size.and_then(|size| size.trim().parse().ok()),
    })
}

/// Commit and files of a repository's description. Names that lead out of a folder are left out.
fn read_listing(
    listing: &serde_json::Value,
    url: &str,
) -> Result<(String, Vec<String>), StoreError> {
    let commit = listing.get("sha").and_then(serde_json::Value::as_str);
    let siblings = listing
        .get("siblings")
        .and_then(serde_json::Value::as_array);
    match (commit, siblings) {
        (Some(commit), Some(siblings)) if is_commit(commit) => {
            let files = siblings
                .iter()
                .filter_map(|file| file.get("rfilename")?.as_str())
                .filter(|file| is_relative(file))
                .map(str::to_owned)
                .collect();
            Ok((commit.to_owned(), files))
        }
        _ => Err(StoreError::BadReply {
            url: url.to_owned(),
            cause: "no commit and list of files".to_owned(),
        }),
    }
}

/// Percent-encodes a part of an address; slashes stay if `path`.
fn encode(text: &str, path: bool) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut encoded, byte| {
        let plain = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
        if plain || path && byte == b'/' {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}
