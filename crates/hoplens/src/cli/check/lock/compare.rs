//! Compares findings with the lock file and decides which differences matter.

use std::io::Write;
use std::path::Path;

use serde::Serialize;

use crate::cli::check::lock::locked_file::LockedFile;
use crate::cli::report::slashed;
use hoplens_analysis::Verdict;
use hoplens_ide::percent;
use hoplens_workspace::Allowance;

/// How much less probable an answer may become.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::cli) struct Tolerance {
    absolute: f64,
    share: f64,
}

impl Tolerance {
    /// The default: 0.02 or a tenth, whichever is larger.
    pub(super) const DEFAULT: Self = Self {
        absolute: 0.02,
        share: 0.1,
    };

    /// Combines the parts. A part that is not given is 0; without parts, the default applies.
    pub(in crate::cli) fn new(parts: &[Allowance]) -> Self {
        if parts.is_empty() {
            return Self::DEFAULT;
        }
        let mut tolerance = Self {
            absolute: 0.0,
            share: 0.0,
        };
        for part in parts {
            match part {
                Allowance::Probability(value) => tolerance.absolute = *value,
                Allowance::Share(value) => tolerance.share = *value,
            }
        }
        tolerance
    }

    pub(super) fn of(self, p: f64) -> f64 {
        self.absolute.max(self.share * p)
    }
}

/// The differences from the lock file.
#[derive(Debug, Default, Serialize)]
pub(in crate::cli) struct Comparison {
    path: String,
    /// Cases that got worse by more than the tolerance, or are no longer ok.
    pub(in crate::cli) worse: Vec<Change>,
    /// Cases that got better by more than the tolerance, or became ok.
    better: Vec<Change>,
    /// Cases that are not in the lock file.
    new: Vec<Place>,
    /// Cases of the checked files that are only in the lock file.
    gone: Vec<Place>,
    /// Codes of warnings and errors whose count grew, by path.
    more: Vec<More>,
}

/// A case before and after a change.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct Change {
    pub(in crate::cli) path: String,
    pub(in crate::cli) case: String,
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
    pub(in crate::cli) fn message(&self) -> String {
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
    /// Returns an empty comparison with the lock file at `path`.
    pub(in crate::cli) fn with(path: &Path) -> Self {
        Self {
            path: slashed(&path.to_string_lossy()),
            ..Self::default()
        }
    }

    /// Returns whether anything got worse, or is new and fails.
    pub(in crate::cli) fn fails(&self) -> bool {
        let fails = |place: &Place| place.verdict.as_deref() != Some(Verdict::Ok.name());
        !self.worse.is_empty() || !self.more.is_empty() || self.new.iter().any(fails)
    }

    /// Returns whether a finding is already in the lock file and is no worse now.
    pub(in crate::cli) fn knows(&self, path: &str, case: Option<&str>, code: &str) -> bool {
        let same = |file: &str, id: &str| file == path && Some(id) == case;
        !self.worse.iter().any(|one| same(&one.path, &one.case))
            && !self.new.iter().any(|one| same(&one.path, &one.case))
            && !self
                .more
                .iter()
                .any(|one| one.path == path && one.code == code)
    }

    /// Prints the comparison as text.
    pub(in crate::cli) fn print(&self, out: &mut dyn Write) -> std::io::Result<()> {
        for (word, changes) in [("worse", &self.worse), ("better", &self.better)] {
            for change in changes {
                writeln!(out, "{word}: {}, {}", change.path, change.message())?;
            }
        }
        for more in &self.more {
            writeln!(
                out,
                "worse: {}, `{}` is found {} times, {} in the lock file",
                more.path, more.code, more.after, more.before
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

impl Comparison {
    pub(super) fn file(
        &mut self,
        path: &str,
        before: &LockedFile,
        now: &LockedFile,
        tolerance: Tolerance,
    ) {
        let ok = Verdict::Ok.name();
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::cli::check::lock::LockedCase;

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
    fn a_case_is_worse_beyond_the_tolerance_or_if_its_verdict_breaks() {
        let before = file(0.5, "ok");
        assert_eq!(compared(&before, &file(0.46, "ok")), (0, 0, false));
        assert_eq!(compared(&before, &file(0.44, "ok")), (1, 0, true));
        assert_eq!(compared(&before, &file(0.56, "ok")), (0, 1, false));
        assert_eq!(compared(&before, &file(0.5, "hop-lost")), (1, 0, true));
        // A case that already failed is known.
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
    fn tolerances_combine_probabilities_and_shares() {
        let parse = |parts: &[&str]| {
            let parts = parts.iter().map(|part| part.parse());
            let parts: Result<Vec<Allowance>, String> = parts.collect();
            parts.map(|parts| Tolerance::new(&parts))
        };
        assert_eq!(parse(&[]).unwrap(), Tolerance::DEFAULT);
        let both = parse(&["0.05", " 20 %"]).unwrap();
        assert!((both.of(0.1) - 0.05).abs() < 1e-12 && (both.of(0.5) - 0.1).abs() < 1e-12);
        assert!((parse(&["5%"]).unwrap().of(0.2) - 0.01).abs() < 1e-12);
        for wrong in ["much", "-1", "200%", ""] {
            assert!(parse(&[wrong]).is_err(), "{wrong}");
        }
    }
}
