//! The lock file: how probable each expected answer was, so that a check can tell what got worse.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::cli::error::CliError;
use crate::cli::report::slashed;
use crate::hop::{CaseFindings, Verdict};
use crate::ide::{Diagnostic, Snapshot, percent};
use crate::model::ModelInfo;
use crate::prompt::Severity;

/// The name where none is given.
pub(super) const NAME: &str = "hoplens.lock.json";

const SCHEMA: u32 = 1;

/// A probability that differs by less than this share stays as it was written, so that another
/// machine or number of threads changes no byte.
const SAME: f64 = 1e-3;

/// What was measured once, by path and case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lock {
    schema: u32,
    model: LockedModel,
    /// By path from the lock file's folder, with slashes.
    files: BTreeMap<String, LockedFile>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LockedModel {
    name: String,
    sha256: String,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LockedFile {
    /// The cases that expect an answer, by id.
    cases: BTreeMap<String, LockedCase>,
    /// How many warnings and errors there are beside verdicts, by code.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    findings: BTreeMap<String, usize>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LockedCase {
    p: f64,
    rank: usize,
    verdict: String,
    /// Digest of the rendered prompt.
    prompt: String,
}

/// How much less probable an answer may be than it was.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Tolerance {
    absolute: f64,
    share: f64,
}

impl Tolerance {
    /// 0.02 or a tenth, whichever is larger, where nothing is said.
    const DEFAULT: Self = Self {
        absolute: 0.02,
        share: 0.1,
    };

    /// Reads `0.02` and `10%`; what is not named is 0.
    pub(super) fn parse(parts: &[String]) -> Result<Self, CliError> {
        if parts.is_empty() {
            return Ok(Self::DEFAULT);
        }
        let mut tolerance = Self {
            absolute: 0.0,
            share: 0.0,
        };
        for part in parts {
            let (text, place, unit) = match part.trim().strip_suffix('%') {
                Some(text) => (text, &mut tolerance.share, 100.0),
                None => (part.trim(), &mut tolerance.absolute, 1.0),
            };
            let value = text.trim().parse::<f64>().ok();
            let value = value.map(|value| value / unit);
            let value = value.filter(|value| (0.0..=1.0).contains(value));
            *place = value.ok_or_else(|| CliError::Usage {
                flag: "--tolerance",
                reason: format!("'{part}' is neither a probability (0.02) nor a share (10%)"),
            })?;
        }
        Ok(tolerance)
    }

    fn of(self, p: f64) -> f64 {
        self.absolute.max(self.share * p)
    }
}

/// What differs from the lock file.
#[derive(Debug, Default, Serialize)]
pub(super) struct Comparison {
    path: String,
    /// What got worse by more than the tolerance.
    pub(super) worse: Vec<Change>,
    /// What got better by more than the tolerance.
    better: Vec<Change>,
    /// Cases that are not in the lock file: path and id.
    new: Vec<Place>,
    /// Cases of the files that were checked that are only in the lock file.
    gone: Vec<Place>,
    /// Codes of warnings and errors that there are more of, by path.
    more: Vec<More>,
}

/// A case and how it was.
#[derive(Debug, Serialize)]
pub(super) struct Change {
    pub(super) path: String,
    pub(super) case: String,
    p_before: f64,
    p_after: f64,
    verdict_before: String,
    verdict_after: String,
    prompt_changed: bool,
}

#[derive(Debug, Serialize)]
struct Place {
    path: String,
    case: String,
    verdict: Option<String>,
}

#[derive(Debug, Serialize)]
struct More {
    path: String,
    code: String,
    before: usize,
    after: usize,
}

impl Change {
    /// `case "reef": P was 41.0 %, now 23.5 % (ok, now hop-lost; the prompt has changed)`.
    pub(super) fn message(&self) -> String {
        let verdict = if self.verdict_before == self.verdict_after {
            self.verdict_after.clone()
        } else {
            format!("{}, now {}", self.verdict_before, self.verdict_after)
        };
        let prompt = if self.prompt_changed {
            "; the prompt has changed"
        } else {
            ""
        };
        format!(
            "case \"{}\": P was {}, now {} ({verdict}{prompt})",
            self.case,
            percent(self.p_before),
            percent(self.p_after)
        )
    }
}

impl Comparison {
    /// Whether anything got worse, or is new and fails.
    pub(super) fn fails(&self) -> bool {
        let fails = |place: &Place| place.verdict.as_deref() != Some(Verdict::Ok.code());
        !self.worse.is_empty() || !self.more.is_empty() || self.new.iter().any(fails)
    }

    /// For people.
    pub(super) fn print(&self, out: &mut dyn Write) -> std::io::Result<()> {
        for (word, changes) in [("worse", &self.worse), ("better", &self.better)] {
            for change in changes {
                writeln!(out, "{word}: {}, {}", change.path, change.message())?;
            }
        }
        for more in &self.more {
            writeln!(
                out,
                "worse: {}, {} findings `{}`, {} in the lock file",
                more.path, more.after, more.code, more.before
            )?;
        }
        let new = self.new.iter().map(|place| ("not in the lock file", place));
        let gone = self
            .gone
            .iter()
            .map(|place| ("only in the lock file", place));
        for (what, place) in new.chain(gone) {
            writeln!(out, "{what}: {}, case \"{}\"", place.path, place.case)?;
        }
        writeln!(
            out,
            "compared with {}: {} worse, {} better, {} new",
            self.path,
            self.worse.len() + self.more.len(),
            self.better.len(),
            self.new.len()
        )
    }
}

impl Lock {
    /// Reads a lock file; `None` where there is none and one is about to be written.
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

    /// That the lock file is of this model.
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

    /// What was measured now against what was then.
    pub(super) fn compare(
        &self,
        path: &Path,
        snapshots: &[Snapshot],
        found: &[Vec<Diagnostic>],
        tolerance: Tolerance,
    ) -> Comparison {
        let mut compared = Comparison {
            path: slashed(&path.to_string_lossy()),
            ..Comparison::default()
        };
        for (snapshot, found) in snapshots.iter().zip(found) {
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
        compared
    }

    /// The lock file as it should be: what was measured now, and of the other files what is in it
    /// already, if they are still there.
    pub(super) fn updated(
        before: Option<Self>,
        path: &Path,
        model: &ModelInfo,
        snapshots: &[Snapshot],
        found: &[Vec<Diagnostic>],
    ) -> Self {
        let same_model = |lock: &Self| lock.model.sha256 == model.sha256;
        // Another model's numbers are no longer comparable with anything.
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

    /// Writes the file whole or not at all; whether anything changed.
    pub(super) fn write(&self, path: &Path) -> Result<bool, CliError> {
        let failed = |source: std::io::Error| CliError::Write {
            path: path.into(),
            source,
        };
        let text = serde_json::to_string_pretty(self).map_err(|error| failed(error.into()))?;
        let text = format!("{text}\n");
        if std::fs::read(path).is_ok_and(|old| old == text.as_bytes()) {
            return Ok(false);
        }
        crate::cli::write::whole(path, text.as_bytes()).map_err(failed)?;
        Ok(true)
    }
}

impl Comparison {
    fn file(&mut self, path: &str, before: &LockedFile, now: &LockedFile, tolerance: Tolerance) {
        let ok = Verdict::Ok.code();
        for (id, case) in &now.cases {
            let Some(old) = before.cases.get(id) else {
                self.new.push(Place {
                    path: path.into(),
                    case: id.clone(),
                    verdict: Some(case.verdict.clone()),
                });
                continue;
            };
            let change = Change {
                path: path.into(),
                case: id.clone(),
                p_before: old.p,
                p_after: case.p,
                verdict_before: old.verdict.clone(),
                verdict_after: case.verdict.clone(),
                prompt_changed: old.prompt != case.prompt,
            };
            let allowed = tolerance.of(old.p);
            let breaks = old.verdict == ok && case.verdict != ok;
            let mends = old.verdict != ok && case.verdict == ok;
            if breaks || old.p - case.p > allowed {
                self.worse.push(change);
            } else if mends || case.p - old.p > allowed {
                self.better.push(change);
            }
        }
        for (id, old) in &before.cases {
            if !now.cases.contains_key(id) {
                self.gone.push(Place {
                    path: path.into(),
                    case: id.clone(),
                    verdict: Some(old.verdict.clone()),
                });
            }
        }
        for (code, count) in &now.findings {
            let old = before.findings.get(code).copied().unwrap_or(0);
            if *count > old {
                self.more.push(More {
                    path: path.into(),
                    code: code.clone(),
                    before: old,
                    after: *count,
                });
            }
        }
    }
}

/// What is locked of a file.
fn locked(snapshot: &Snapshot, found: &[Diagnostic]) -> LockedFile {
    let cases = snapshot.findings.iter().flat_map(|found| &found.cases);
    let mut file = LockedFile {
        cases: cases.filter_map(locked_case).collect(),
        findings: BTreeMap::new(),
    };
    let verdicts: Vec<&str> = file.cases.values().map(|case| &*case.verdict).collect();
    let codes = found
        .iter()
        .filter(|one| one.severity >= Severity::Warning && !verdicts.contains(&one.code))
        .map(|one| one.code.to_owned());
    let mut findings = BTreeMap::new();
    for code in codes {
        *findings.entry(code).or_insert(0) += 1;
    }
    file.findings = findings;
    file
}

fn locked_case(case: &CaseFindings) -> Option<(String, LockedCase)> {
    let outcome = case.outcome.as_ref().ok()?;
    let verdict = outcome.verdict?;
    let composed = &outcome.probes.composed;
    let digest = Sha256::digest(case.subject.prompt.as_bytes());
    let digest: String = digest
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let case_now = LockedCase {
        p: rounded(composed.p),
        rank: composed.rank,
        verdict: verdict.code().to_owned(),
        prompt: format!("sha256:{digest}"),
    };
    Some((case.id.clone(), case_now))
}

/// Five significant digits: more than another machine gives.
fn rounded(p: f64) -> f64 {
    format!("{p:.4e}").parse().unwrap_or(p)
}

/// The name of a prompt file in the lock file.
fn key(lock: &Path, file: &str) -> String {
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.into());
    let (folder, file) = (absolute(&folder(lock)), absolute(Path::new(file)));
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

    fn file(p: f64, verdict: &str) -> LockedFile {
        let case = LockedCase {
            p,
            rank: 0,
            verdict: verdict.into(),
            prompt: String::new(),
        };
        LockedFile {
            cases: [("reef".to_owned(), case)].into(),
            findings: BTreeMap::new(),
        }
    }

    fn compared(before: &LockedFile, now: &LockedFile) -> (usize, usize, bool) {
        let mut found = Comparison::default();
        found.file("a.prompt", before, now, Tolerance::DEFAULT);
        (found.worse.len(), found.better.len(), found.fails())
    }

    #[test]
    fn worse_is_beyond_the_tolerance_or_a_verdict_that_breaks() {
        let before = file(0.5, "ok");
        assert_eq!(compared(&before, &file(0.46, "ok")), (0, 0, false));
        assert_eq!(compared(&before, &file(0.44, "ok")), (1, 0, true));
        assert_eq!(compared(&before, &file(0.56, "ok")), (0, 1, false));
        assert_eq!(compared(&before, &file(0.5, "hop-lost")), (1, 0, true));
        // What failed already is known.
        let before = file(0.1, "hop-lost");
        assert_eq!(compared(&before, &file(0.1, "hop-lost")), (0, 0, false));
        assert_eq!(compared(&before, &file(0.1, "ok")), (0, 1, false));
    }

    #[test]
    fn a_new_case_that_fails_is_a_finding() {
        let none = LockedFile::default();
        assert_eq!(compared(&none, &file(0.1, "hop-lost")), (0, 0, true));
        assert_eq!(compared(&none, &file(0.9, "ok")), (0, 0, false));
        assert_eq!(compared(&file(0.1, "hop-lost"), &none), (0, 0, false));
    }

    #[test]
    fn tolerances_are_probabilities_and_shares() {
        let parse = |parts: &[&str]| {
            let parts: Vec<String> = parts.iter().map(|part| (*part).to_owned()).collect();
            Tolerance::parse(&parts)
        };
        assert_eq!(parse(&[]).unwrap(), Tolerance::DEFAULT);
        let both = parse(&["0.05", " 20 %"]).unwrap();
        assert_eq!((both.of(0.1), both.of(0.5)), (0.05, 0.1));
        assert_eq!(parse(&["5%"]).unwrap().of(0.2), 0.010_000_000_000_000_002);
        for wrong in ["much", "-1", "200%", ""] {
            assert!(parse(&[wrong]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn names_are_from_the_lock_files_folder() {
        let name = |lock: &str, file: &str| key(Path::new(lock), file);
        assert_eq!(name("hoplens.lock.json", "./a/b.prompt"), "a/b.prompt");
        assert_eq!(name("a/hoplens.lock.json", "a/b.prompt"), "b.prompt");
        assert_eq!(name("a/hoplens.lock.json", "c/b.prompt"), "../c/b.prompt");
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!(rounded(0.123_456_78), 0.12346);
        assert_eq!(rounded(1.234_567e-9), 1.2346e-9);
    }
}
