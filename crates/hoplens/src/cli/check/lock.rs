//! The lock file: the measured probability of each expected answer. A check compares with it to
//! report what got worse.

pub(in crate::cli) mod compare;
mod locked_file;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::cli::check::lock::compare::{Comparison, Tolerance};
use crate::cli::check::lock::locked_file::{LockedCase, LockedFile};
use crate::cli::error::CliError;
use crate::cli::report::slashed;
use crate::cli::write;
use hoplens_analysis::{CaseFindings, Verdict};
use hoplens_ide::{Diagnostic, Snapshot};
use hoplens_prompt::Severity;
use hoplens_runtime::ModelInfo;
use hoplens_store::hex;
use hoplens_workspace::whole_path;

/// The default name of the lock file.
pub(super) const NAME: &str = "hoplens.lock.json";

const SCHEMA: u32 = 1;

/// A probability that differs by less than this share keeps its old value, so that another machine
/// or number of threads changes no byte.
const SAME: f64 = 1e-3;

/// The content of a lock file: measurements by path and case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lock {
    schema: u32,
    model: LockedModel,
    /// The files by path relative to the lock file's folder, with slashes.
    files: BTreeMap<String, LockedFile>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LockedModel {
    name: String,
    sha256: String,
}

impl Lock {
    /// Reads a lock file. Returns `None` if there is none and `will_write` is set.
    pub(super) fn read(path: &Path, will_write: bool) -> Result<Option<Self>, CliError> {
        let refused = |reason: String| CliError::Lock {
            path: path.into(),
            reason,
        };
        let text = match std::fs::read_to_string(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                if will_write {
                    return Ok(None);
                }
                let reason = "there is no lock file; write one with --update".into();
                return Err(refused(reason));
            }
            text => text.map_err(|source| CliError::Read {
                path: path.into(),
                source,
            })?,
        };
        let lock: Self = serde_json::from_str(&text).map_err(|error| {
            refused(format!(
                "damaged ({error}). Restore it, or delete it and write it anew with --update."
            ))
        })?;
        if lock.schema != SCHEMA {
            return Err(refused(format!(
                "its schema is {}, this hoplens knows {SCHEMA}. Update hoplens, or write it anew \
                 with --update after deleting it.",
                lock.schema
            )));
        }
        Ok(Some(lock))
    }

    /// Checks that the lock file was measured with this model.
    pub(super) fn is_of(&self, model: &ModelInfo) -> Result<(), CliError> {
        if self.model.sha256 == model.sha256 {
            return Ok(());
        }
        Err(CliError::Usage {
            flag: "--baseline",
            reason: format!(
                "the lock file was measured with {} (sha256:{:.12}), not with {} \
                 (sha256:{:.12}). Choose that model with --model, or measure anew with --update.",
                self.model.name, self.model.sha256, model.name, model.sha256
            ),
        })
    }

    /// Compares a file's current findings with the lock file and adds the differences to
    /// `compared`. `path` is the lock file's path.
    pub(super) fn compare(
        &self,
        path: &Path,
        snapshot: &Snapshot,
        found: &[Diagnostic],
        tolerance: Tolerance,
        compared: &mut Comparison,
    ) {
        let now = locked(snapshot, found);
        let nothing = LockedFile::default();
        let file = self.files.get(&key(path, &snapshot.name));
        compared.file(
            &slashed(&snapshot.name),
            file.unwrap_or(&nothing),
            &now,
            tolerance,
        );
    }

    /// Returns the updated lock file: the current measurements, and the old ones of other files
    /// that still exist.
    pub(super) fn updated(
        before: Option<Self>,
        path: &Path,
        model: &ModelInfo,
        snapshots: &[Snapshot],
        found: &[Vec<Diagnostic>],
    ) -> Self {
        let same_model = |lock: &Self| lock.model.sha256 == model.sha256;
        // Measurements of another model are not comparable.
        let before = before.filter(same_model);
        let mut files = before.map_or_else(BTreeMap::new, |lock| lock.files);
        let folder = folder(path);
        files.retain(|name, _| folder.join(name).is_file());
        for (snapshot, found) in snapshots.iter().zip(found) {
            let mut now = locked(snapshot, found);
            let key = key(path, &snapshot.name);
            if let Some(old) = files.get(&key) {
                for (id, case) in &mut now.cases {
                    let same = |old: &&LockedCase| {
                        (old.p - case.p).abs() <= SAME * case.p.abs()
                            && (old.rank, &old.verdict, &old.prompt)
                                == (case.rank, &case.verdict, &case.prompt)
                    };
                    if let Some(old) = old.cases.get(id).filter(same) {
                        case.p = old.p;
                    }
                }
            }
            files.insert(key, now);
        }
        Self {
            schema: SCHEMA,
            model: LockedModel {
                name: model.name.clone(),
                sha256: model.sha256.clone(),
            },
            files,
        }
    }

    /// Writes the file atomically. Returns whether it changed.
    pub(super) fn write(&self, path: &Path) -> Result<bool, CliError> {
        let text = serde_json::to_string_pretty(self)
            .map_err(|error| write::failed(path, error.into()))?;
        let text = format!("{text}\n");
        if std::fs::read(path).is_ok_and(|old| old == text.as_bytes()) {
            return Ok(false);
        }
        write::whole(path, text.as_bytes())?;
        Ok(true)
    }
}

/// Returns the lock file's entry for a file.
fn locked(snapshot: &Snapshot, found: &[Diagnostic]) -> LockedFile {
    let cases = snapshot.findings.iter().flat_map(|found| &found.cases);
    let mut file = LockedFile {
        cases: cases
            .filter_map(|case| locked_case(snapshot, case))
            .collect(),
        findings: BTreeMap::new(),
    };
    let verdicts: Vec<&str> = file.cases.values().map(|case| &*case.verdict).collect();
    let codes = found
        .iter()
        .filter(|one| one.severity >= Severity::Warning && !verdicts.contains(&one.code.as_str()))
        .map(|one| one.code.to_string());
    let mut findings = BTreeMap::new();
    for code in codes {
        *findings.entry(code).or_insert(0) += 1;
    }
    file.findings = findings;
    file
}

fn locked_case(snapshot: &Snapshot, case: &CaseFindings) -> Option<(String, LockedCase)> {
    let outcome = case.outcome.as_ref().ok()?;
    let verdict = outcome.verdict?;
    // A verdict that the author suppresses counts as ok.
    let suppressed = &snapshot.file.suppressed;
    let is_suppressed = verdict
        .code()
        .is_some_and(|code| suppressed.iter().any(|one| one.hides(code)));
    let verdict = if is_suppressed { Verdict::Ok } else { verdict };
    let composed = &outcome.probes.composed;
    let digest = Sha256::digest(case.query.prompt.as_bytes());
    let digest = hex(&digest[..8]);
    let case_now = LockedCase {
        p: rounded(composed.p),
        rank: composed.rank,
        verdict: verdict.name().to_owned(),
        prompt: format!("sha256:{digest}"),
    };
    Some((case.id.clone(), case_now))
}

/// Rounds to five significant digits, which is more than two machines agree on.
fn rounded(p: f64) -> f64 {
    format!("{p:.4e}").parse().unwrap_or(p)
}

/// Returns the name of a prompt file in the lock file.
fn key(lock: &Path, file: &str) -> String {
    let (folder, file) = (whole_path(&folder(lock)), whole_path(Path::new(file)));
    let mut up = PathBuf::new();
    for ancestor in folder.ancestors() {
        if let Ok(rest) = file.strip_prefix(ancestor) {
            return slashed(&up.join(rest).to_string_lossy());
        }
        up.push("..");
    }
    slashed(&file.to_string_lossy())
}

fn folder(lock: &Path) -> PathBuf {
    match lock.parent() {
        Some(folder) if folder != Path::new("") => folder.into(),
        _ => ".".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_relative_to_the_lock_files_folder() {
        let name = |lock: &str, file: &str| key(Path::new(lock), file);
        assert_eq!(name("hoplens.lock.json", "./a/b.prompt"), "a/b.prompt");
        assert_eq!(name("a/hoplens.lock.json", "a/b.prompt"), "b.prompt");
        assert_eq!(name("a/hoplens.lock.json", "c/b.prompt"), "../c/b.prompt");
        assert_eq!(name("a/../hoplens.lock.json", "a/b.prompt"), "a/b.prompt");
    }

    #[test]
    fn numbers_are_rounded_to_five_digits() {
        assert_eq!(rounded(0.123_456_78).to_string(), "0.12346");
        assert!((rounded(1.234_567e-9) - 1.2346e-9).abs() < 1e-20);
    }
}
