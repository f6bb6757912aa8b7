//! What is said of a hop that nobody declared: all of it is a guess, and is called one.

use crate::diagnostics::Diagnostic;
use crate::numbers::{percent, quoted};
use crate::snapshot::Snapshot;
use hoplens_analysis::{CaseFindings, Undeclared, Verdict};
use hoplens_prompt::{Code, Origin, Severity};

/// That naming a guessed bridge changes the answer, or makes the expected one more probable; on
/// the mention.
pub(super) fn diagnostic(
    snapshot: &Snapshot,
    index: usize,
    case: &CaseFindings,
) -> Option<Diagnostic> {
    // A hole in the prompt is no way of asking.
    if case.has_holes {
        return None;
    }
    let undeclared = case.outcome.as_ref().ok()?.undeclared.as_ref()?;
    let (code, message) = expected(case, undeclared).or_else(|| inconsistent(case, undeclared))?;
    let range = case.rendered.to_source(undeclared.mention.clone());
    Some(Diagnostic {
        code,
        severity: Severity::Information,
        message,
        range: range.unwrap_or_else(|| snapshot.file.body.clone()),
        origin: Origin::FrontMatter,
        case: Some(index),
        related: Vec::new(),
    })
}

/// Where an answer is expected: the hop is lost if the guess is right.
fn expected(case: &CaseFindings, undeclared: &Undeclared) -> Option<(Code, String)> {
    let guessed = undeclared.guessed.as_ref()?;
    let explicit = guessed.probes.explicit()?;
    if guessed.verdict != Verdict::HopLost {
        return None;
    }
    let message = format!(
        "hop lost, if {} is {} (a guess): P({}) is {} as written and {} when it is named. Declare \
         the hop (`hops: [{{mention, bridge}}]`) to have repairs measured.",
        quoted(case.query.prompt.get(undeclared.mention.clone())?),
        quoted(&guessed.bridge),
        quoted(case.query.expect.first()?),
        percent(guessed.probes.composed.p),
        percent(explicit.p),
    );
    Some((Code::HopLost, message))
}

/// Where none is: both ways of asking should agree.
fn inconsistent(case: &CaseFindings, undeclared: &Undeclared) -> Option<(Code, String)> {
    let found = undeclared.inconsistent.as_ref()?;
    let message = format!(
        "hop inconsistent: as written the model goes on with {} ({}), and with {} ({}) when {}, its \
         own guess of what {} stands for, is named. Declare the hop or name what is meant.",
        quoted(&found.written.token),
        percent(found.written.p),
        quoted(&found.named.token),
        percent(found.named.p),
        quoted(&found.bridge),
        quoted(case.query.prompt.get(undeclared.mention.clone())?),
    );
    Some((Code::HopInconsistent, message))
}
