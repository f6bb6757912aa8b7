//! Findings of a file as an editor underlines them.

pub(crate) mod diagnostic;
mod influence;
mod injections;
mod replies;
mod tokens;
mod undeclared;
mod verdicts;

use std::ops::Range;

use crate::snapshot::Snapshot;
use hoplens_analysis::CaseFindings;
use hoplens_prompt::{Code, Origin, Severity};

pub use diagnostic::{Diagnostic, RelatedInformation};
pub use verdicts::verdict_message;

/// Returns the findings that need no model: the problems of the declarations and the template.
pub fn static_diagnostics(snapshot: &Snapshot) -> Vec<Diagnostic> {
    let problems = hoplens_prompt::all_problems(&snapshot.file, &snapshot.text);
    unsuppressed(
        snapshot,
        problems.into_iter().map(Diagnostic::from).collect(),
    )
}

/// Returns all findings of a file, those of the model included.
pub fn diagnostics(snapshot: &Snapshot) -> Vec<Diagnostic> {
    let mut found = static_diagnostics(snapshot);
    if let Some(findings) = &snapshot.findings {
        let mut own: Vec<Diagnostic> = Vec::new();
        for (index, case) in findings.cases.iter().enumerate() {
            own.extend(case_diagnostic(snapshot, index, case));
            own.extend(replies::diagnostic(snapshot, index, case, verdict_range));
            own.extend(undeclared::diagnostic(snapshot, index, case));
            own.extend(tokens::diagnostics(
                snapshot,
                index,
                case,
                &findings.thresholds,
            ));
        }
        own.extend(injections::diagnostics(snapshot, findings));
        own.extend(findings.problems.iter().cloned().map(Diagnostic::from));
        found.extend(unsuppressed(snapshot, own));
    }
    found.extend(unsuppressed(snapshot, influence::diagnostics(snapshot)));
    found
}

/// Returns the finding that the configured model cannot be loaded, on the prompt's first line; `None`
/// if the file ignores its code. The file itself may be right, but only a model could tell.
pub fn unknown_model(snapshot: &Snapshot, reason: &str) -> Option<Diagnostic> {
    let first = snapshot.text.lines().next().unwrap_or_default();
    let message = format!("no model analyses this prompt: {reason}");
    let found = Diagnostic::new(
        Code::UnknownModel,
        message,
        0..first.len(),
        Origin::FrontMatter,
    );
    unsuppressed(snapshot, vec![found]).pop()
}

/// Drops the findings that the file or its project ignores.
fn unsuppressed(snapshot: &Snapshot, mut found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    found.retain(|one| !is_ignored(snapshot, one.code));
    found
}

/// Returns whether the file or its project ignores a code.
pub fn is_ignored(snapshot: &Snapshot, code: Code) -> bool {
    let mut suppressions = snapshot.file.suppressed.iter();
    suppressions.any(|suppression| suppression.hides(code))
}

/// Returns the finding about a case's verdict, or that it could not be analysed.
fn case_diagnostic(snapshot: &Snapshot, index: usize, case: &CaseFindings) -> Option<Diagnostic> {
    let (code, message, related) = match &case.outcome {
        Err(reason) => {
            let message = format!("this prompt could not be analysed: {reason}");
            (Code::AnalysisFailed, message, Vec::new())
        }
        Ok(outcome) => (
            outcome.verdict?.code()?,
            verdicts::verdict_message(case, outcome)?,
            verdicts::evidence(snapshot, case, outcome),
        ),
    };
    let range = verdict_range(snapshot, case);
    // A prompt without a case asks nothing, so one that this model cannot run is no mistake.
    let severity = match code {
        Code::AnalysisFailed if case.case.is_none() => Severity::Information,
        _ => code.severity(),
    };
    Some(Diagnostic {
        severity,
        case: Some(index),
        related,
        ..Diagnostic::new(code, message, range, Origin::FrontMatter)
    })
}

/// Returns where a verdict is underlined: the mention of the hop that fails, else another mention
/// that occurs in the file, else the prompt's last word.
fn verdict_range(snapshot: &Snapshot, case: &CaseFindings) -> Range<usize> {
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
