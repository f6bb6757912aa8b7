//! Findings as an editor underlines them.

use std::ops::Range;

use crate::snapshot::Snapshot;
use crate::{injections, tokens, undeclared, verdicts};
use hoplens_analysis::CaseFindings;
use hoplens_prompt::{Code, Origin, Problem, Severity};

/// Something to underline in a prompt file or its sidecar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable code; `docs/diagnostics/` has a page for each.
    pub code: Code,
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
    let problems = hoplens_prompt::all_problems(&snapshot.file, &snapshot.text);
    unsuppressed(snapshot, problems.into_iter().map(told).collect())
}

fn told(problem: Problem) -> Diagnostic {
    Diagnostic {
        code: problem.code,
        severity: problem.severity,
        message: problem.message,
        range: problem.range,
        origin: problem.origin,
        case: None,
        related: Vec::new(),
    }
}

/// Everything that is known of a file, the model's findings included.
pub fn diagnostics(snapshot: &Snapshot) -> Vec<Diagnostic> {
    let mut found = static_diagnostics(snapshot);
    if let Some(findings) = &snapshot.findings {
        let mut own: Vec<Diagnostic> = Vec::new();
        for (index, case) in findings.cases.iter().enumerate() {
            own.extend(case_diagnostic(snapshot, index, case));
            own.extend(undeclared::diagnostic(snapshot, index, case));
            own.extend(tokens::diagnostics(
                snapshot,
                index,
                case,
                &findings.thresholds,
            ));
        }
        own.extend(injections::diagnostics(snapshot, findings));
        own.extend(findings.problems.iter().cloned().map(told));
        found.extend(unsuppressed(snapshot, own));
    }
    found
}

/// That the configured model cannot be loaded, on the prompt's first line: nothing in the file is
/// wrong, but nothing that needs a model is said of it.
pub fn unknown_model(snapshot: &Snapshot, reason: &str) -> Option<Diagnostic> {
    let first = snapshot.text.lines().next().unwrap_or_default();
    let found = Diagnostic {
        code: Code::UnknownModel,
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
            .all(|hidden| !hidden.hides(one.code))
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
                Code::AnalysisFailed,
                Severity::Error,
                message,
                Vec::new(),
            ))
        }
        Ok(outcome) => {
            let code = outcome.verdict?.code()?;
            let message = verdicts::verdict_message(case, outcome)?;
            let related = verdicts::evidence(snapshot, case, outcome);
            Some(diagnostic(code, Severity::Warning, message, related))
        }
    }
}

/// The mention of the hop that fails where it stands in the prompt, another one that does, else
/// the prompt's last word.
fn place(snapshot: &Snapshot, case: &CaseFindings) -> Range<usize> {
    let mentions = &case.query.mentions;
    let failing = case.outcome.as_ref().ok();
    let failing = failing.and_then(|outcome| outcome.probes.weakest());
    let failing = failing.and_then(|(_, hop)| mentions.get(hop.index));
    let mut ranges = failing.into_iter().chain(mentions);
    let mention = ranges.find_map(|mention| case.rendered.to_source(mention.range.clone()?));
    mention.unwrap_or_else(|| {
        let text = case.rendered.written().trim_end();
        let start = text.rfind(char::is_whitespace).map_or(0, |space| {
            space + text[space..].chars().next().map_or(1, char::len_utf8)
        });
        let body = snapshot.file.body.clone();
        case.rendered.to_source(start..text.len()).unwrap_or(body)
    })
}
