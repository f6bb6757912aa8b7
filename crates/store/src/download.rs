//! Downloads one file: resumable, checked, and moved to its final name in one step.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;

use ureq::http::{StatusCode, header};

use crate::digest;
use crate::digest::Expected;
use crate::error::OnPath;
use crate::error::StoreError;
use crate::http::Client;
use crate::progress::FetchJob;

/// Bytes that are read between two cancellation checks.
const BLOCK: usize = 128 << 10;

/// A file as the hub describes it.
pub(super) struct RemoteFile<'a> {
    pub url: &'a str,
    /// The name of the file in messages.
    pub what: &'a str,
    pub expected: Expected,
    /// The size in bytes, if the hub states it.
    pub size: Option<u64>,
}

/// Downloads into `partial`, checks the content and moves it to `target`.
///
/// A broken connection, a cancellation or a killed process leaves `partial`, from which the next
/// call continues. Wrong content removes `partial`. `target` appears complete or not at all.
pub(super) fn download(
    client: &Client,
    job: FetchJob,
    source: &RemoteFile,
    partial: &Path,
    target: &Path,
) -> Result<(), StoreError> {
    let resumed = receive(client, job, source, partial)?;
    let mut checked = digest::check(partial, source.what, &source.expected, job);
    if resumed && matches!(checked, Err(StoreError::HashMismatch { .. })) {
        // The old bytes were not the start of this file. The new ones may be correct.
        remove(partial)?;
        receive(client, job, source, partial)?;
        checked = digest::check(partial, source.what, &source.expected, job);
    }
    if let Err(StoreError::HashMismatch { .. }) = &checked {
        remove(partial)?;
    }
    checked?;
    std::fs::rename(partial, target).on("move the finished download to", target)
}

/// Fills `partial` up to the full size. Returns whether it continued from old bytes.
fn receive(
    client: &Client,
    job: FetchJob,
    source: &RemoteFile,
    partial: &Path,
) -> Result<bool, StoreError> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(partial)
        .on("write", partial)?;
    let mut state = State {
        file,
        path: partial,
        have: 0,
        size: source.size,
    };
    let before = state.file.metadata().on("read", partial)?.len();
    // Without a hash, the old bytes may belong to another version of the file.
    let usable =
        source.expected != Expected::Unknown && source.size.is_none_or(|size| before <= size);
    state.set_length(if usable { before } else { 0 })?;
    let resumed = state.have > 0;

    let mut failures = 0;
    let mut pause = job.options.retry.pause;
    let mut connected = false;
    loop {
        job.progress.bytes(source.what, state.have, state.size);
        if state.size == Some(state.have) && state.have > 0 {
            break;
        }
        let had = state.have;
        let cause = match state.attempt(client, job, source) {
            Ok(Attempt::Complete) => break,
            Ok(Attempt::Cut(cause)) => cause,
            // A network that just worked may come back.
            Err(StoreError::Unreachable { cause, .. }) if connected => cause,
            Err(error) => return Err(error),
        };
        connected = true;
        if state.have > had {
            failures = 0;
            pause = job.options.retry.pause;
        }
        failures += 1;
        if failures >= job.options.retry.attempts {
            return Err(StoreError::Interrupted {
                what: source.what.to_owned(),
                received: state.have,
                cause,
            });
        }
        job.wait(pause)?;
        pause = pause.saturating_mul(2).min(job.options.retry.longest);
    }
    // The rename below must not reach the disk before the content does.
    state.file.sync_all().on("write", partial)?;
    Ok(resumed)
}

enum Attempt {
    Complete,
    Cut(String),
}

struct State<'a> {
    file: File,
    path: &'a Path,
    /// Bytes in the file.
    have: u64,
    size: Option<u64>,
}

impl State<'_> {
    /// Truncates the file to this length and continues writing there.
    fn set_length(&mut self, length: u64) -> Result<(), StoreError> {
        use std::io::{Seek, SeekFrom};
        self.file.set_len(length).on("write", self.path)?;
        self.file
            .seek(SeekFrom::Start(length))
            .on("write", self.path)?;
        self.have = length;
        Ok(())
    }

    /// One connection: receives until the end or until it breaks.
    fn attempt(
        &mut self,
        client: &Client,
        job: FetchJob,
        source: &RemoteFile,
    ) -> Result<Attempt, StoreError> {
        let reply = client.get(source.url, self.have)?;
        let text = |name| {
            reply
                .headers()
                .get(name)
                .and_then(|value| value.to_str().ok())
        };
        match reply.status() {
            StatusCode::PARTIAL_CONTENT => {
                let start = format!("bytes {}-", self.have);
                if !text(header::CONTENT_RANGE).is_some_and(|range| range.starts_with(&start)) {
                    self.set_length(0)?;
                    return Ok(Attempt::Cut("another range than asked for".to_owned()));
                }
            }
            StatusCode::OK => self.set_length(0)?,
            StatusCode::RANGE_NOT_SATISFIABLE => {
                self.set_length(0)?;
                return Ok(Attempt::Cut("the file is shorter than expected".to_owned()));
            }
            status => {
                return Err(StoreError::BadReply {
                    url: source.url.to_owned(),
                    cause: format!("HTTP {} where a file was expected", status.as_u16()),
                });
            }
        }
        if self.size.is_none() {
            let length = text(header::CONTENT_LENGTH).and_then(|length| length.parse::<u64>().ok());
            self.size = length.map(|length| length.saturating_add(self.have));
        }

        let mut body = reply.into_body().into_reader();
        let mut block = vec![0; BLOCK];
        loop {
            job.check()?;
            let count = match body.read(&mut block) {
                Ok(count) => count,
                Err(error) => return Ok(Attempt::Cut(error.to_string())),
            };
            let read = block.get(..count).unwrap_or_default();
            if read.is_empty() {
                return Ok(match self.size {
                    Some(size) if self.have < size => {
                        Attempt::Cut(format!("{} of {size} bytes arrived", self.have))
                    }
                    _ => Attempt::Complete,
                });
            }
            if self
                .size
                .is_some_and(|size| self.have + count as u64 > size)
            {
                self.set_length(0)?;
                return Ok(Attempt::Cut("more bytes than announced".to_owned()));
            }
            self.file.write_all(read).on("write", self.path)?;
            self.have += count as u64;
            job.progress.bytes(source.what, self.have, self.size);
        }
    }
}

fn remove(path: &Path) -> Result<(), StoreError> {
    std::fs::remove_file(path).on("remove", path)
}
