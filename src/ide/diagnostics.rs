//! Findings as an editor underlines them.

use std::ops::Range;

use super::Snapshot;
use super::numbers::{percent, quoted};
use crate::hop::{CaseFindings, Outcome, Probes, Verdict};
use crate::model::ModelInfo;
use crate::prompt::{Injection, Origin, Severity};

/// Something to underline in a prompt file or its sidecar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable code; `docs/diagnostics.md` has a section for each.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// The thing, its numbers and the remedy.
    pub message: String,
    /// Bytes of the file that `origin` names.
    pub range: Range<usize>,
    /// [`Origin::FrontMatter`] is the prompt file itself, body included.
    pub origin: Origin,
    /// Index into the findings' cases, where it belongs to one.
    pub case: Option<usize>,
    /// Where the evidence stands.
    pub related: Vec<Related>,
}

/// A place that a diagnostic refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Related {
    /// Bytes of the file that `origin` names.
    pub range: Range<usize>,
    /// The file.
    pub origin: Origin,
    /// What it shows.
    pub message: String,
}

/// What can be said without a model: the declarations' own problems.
pub fn static_diagnostics(snapshot: &Snapshot) -> Vec<Diagnostic> {
    let problems = crate::prompt::all_problems(&snapshot.file, &snapshot.text);
    let found = problems.into_iter().map(|problem| Diagnostic {
        code: problem.code,
        severity: problem.severity,
        message: problem.message,
        range: problem.range,
        origin: problem.origin,
        case: None,
        related: Vec::new(),
    });
    unsuppressed(snapshot, found.collect())
}

/// Everything that is known of a file, the model's findings included.
pub fn diagnostics(snapshot: &Snapshot) -> Vec<Diagnostic> {
    let mut found = static_diagnostics(snapshot);
    if let Some(findings) = &snapshot.findings {
        let mut own: Vec<Diagnostic> = Vec::new();
        for (index, case) in findings.cases.iter().enumerate() {
            own.extend(case_diagnostic(snapshot, index, case));
        }
        own.extend(
            snapshot
                .file
                .injections
                .iter()
                .filter_map(|one| stale(one, &findings.model)),
        );
        found.extend(unsuppressed(snapshot, own));
    }
    found
}

/// That the configured model cannot be loaded, on the prompt's first line: nothing in the file is
/// wrong, but nothing that needs a model is said of it.
pub fn unknown_model(snapshot: &Snapshot, reason: &str) -> Option<Diagnostic> {
    let first = snapshot.text.lines().next().unwrap_or_default();
    let found = Diagnostic {
        code: "unknown-model",
        severity: Severity::Warning,
        message: format!("no model looks at this prompt: {reason}"),
        range: 0..first.len(),
        origin: Origin::FrontMatter,
        case: None,
        related: Vec::new(),
    };
    unsuppressed(snapshot, vec![found]).pop()
}

fn unsuppressed(snapshot: &Snapshot, mut found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    found.retain(|one| {
        snapshot
            .file
            .suppressed
            .iter()
            .all(|hidden| hidden.code != one.code)
    });
    found
}

fn case_diagnostic(snapshot: &Snapshot, index: usize, case: &CaseFindings) -> Option<Diagnostic> {
    let diagnostic = |code, severity, message, related| Diagnostic {
        code,
        severity,
        message,
        range: place(snapshot, case),
        origin: Origin::FrontMatter,
        case: Some(index),
        related,
    };
    match &case.outcome {
        Err(reason) => {
            let message = format!("this prompt could not be analysed: {reason}");
            Some(diagnostic(
                "front-matter",
                Severity::Error,
                message,
                Vec::new(),
            ))
        }
        Ok(outcome) => {
            let verdict = outcome.verdict.filter(|verdict| *verdict != Verdict::Ok)?;
            let message = message(verdict, case, outcome);
            let related = evidence(snapshot, case);
            Some(diagnostic(
                verdict.code(),
                Severity::Warning,
                message,
                related,
            ))
        }
    }
}

/// The mention where one is known, else the prompt's last word.
fn place(snapshot: &Snapshot, case: &CaseFindings) -> Range<usize> {
    let mention = case
        .subject
        .bridged()
        .map(|(mention, _)| mention.range.clone());
    let mention = mention.and_then(|range| case.rendered.to_source(range));
    mention.unwrap_or_else(|| {
        let text = case.rendered.written().trim_end();
        let start = text.rfind(char::is_whitespace).map_or(0, |space| {
            space + text[space..].chars().next().map_or(1, char::len_utf8)
        });
        let body = snapshot.file.body.clone();
        case.rendered.to_source(start..text.len()).unwrap_or(body)
    })
}

fn evidence(snapshot: &Snapshot, case: &CaseFindings) -> Vec<Related> {
    let Some(declared) = case.case.and_then(|index| snapshot.file.cases.get(index)) else {
        return Vec::new();
    };
    let bridges = declared
        .hops
        .iter()
        .filter_map(|hop| hop.bridge.as_ref())
        .map(|bridge| Related {
            range: bridge.range.clone(),
            origin: declared.origin,
            message: format!("the bridge is declared here as {}", quoted(&bridge.value)),
        });
    let expected = declared.expect.first().map(|expect| Related {
        range: expect.range.clone(),
        origin: declared.origin,
        message: format!("the answer is expected here as {}", quoted(&expect.value)),
    });
    bridges.chain(expected).collect()
}

/// A verdict in one sentence with its numbers.
fn message(verdict: Verdict, case: &CaseFindings, outcome: &Outcome) -> String {
    let Probes {
        composed, explicit, ..
    } = &outcome.probes;
    let answer = quoted(case.subject.expect.first().map_or("", String::as_str));
    let written = percent(composed.p);
    let bridge = quoted(case.subject.bridged().map_or("", |(_, bridge)| bridge));
    let named = explicit
        .as_ref()
        .map_or_else(String::new, |probe| percent(probe.p));
    match verdict {
        Verdict::Ok => String::new(),
        Verdict::HopLost => format!(
            "hop lost: P({answer}) is {written} as written and {named} when {bridge} is named. \
             The model knows the answer but does not get to it from this mention."
        ),
        Verdict::AnswerUnknown => format!(
            "answer unknown: P({answer}) is {written} as written and only {named} when {bridge} is \
             named. The model lacks this knowledge; an injection would only fake it, so state the \
             fact in the prompt or use another model."
        ),
        Verdict::AnswerUnlikely => {
            let top = composed.top.first().map_or_else(String::new, |top| {
                format!(" (it prefers {}, {})", quoted(&top.token), percent(top.p))
            });
            format!(
                "answer unlikely: P({answer}) is {written}{top}. Declare the hop (`hops: [{{mention, \
                 bridge}}]`) to find out which step fails and to have repairs measured."
            )
        }
    }
}

/// An injection whose gain was measured with another model.
fn stale(injection: &Injection, model: &ModelInfo) -> Option<Diagnostic> {
    let measured = injection.measured.as_ref()?;
    let digest = measured
        .model
        .strip_prefix("sha256:")
        .unwrap_or(&measured.model);
    let digest = digest.trim_end_matches('…');
    if digest.is_empty() || model.sha256.starts_with(digest) {
        return None;
    }
    Some(Diagnostic {
        code: "injection-stale",
        severity: Severity::Information,
        message: format!(
            "this injection was measured with another model ({}) than {} (sha256:{}). Measure it \
             again before you trust its numbers.",
            measured.model,
            model.name,
            model.sha256.get(..12).unwrap_or(&model.sha256)
        ),
        range: injection.range.clone(),
        origin: injection.origin,
        case: None,
        related: Vec::new(),
    })
}
