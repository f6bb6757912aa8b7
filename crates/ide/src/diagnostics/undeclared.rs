//! Findings about hops that the file does not declare; they say that they are guesses.

use crate::diagnostics::diagnostic::Diagnostic;
use crate::numbers::{percent, quoted, token_label};
use crate::snapshot::Snapshot;
use hoplens_analysis::{CaseFindings, Undeclared, Verdict};
use hoplens_prompt::{Code, Origin, Severity};

/// Returns the finding that naming a guessed bridge changes the answer or makes the expected one more
/// probable, on the guessed mention.
pub(super) fn diagnostic(
    snapshot: &Snapshot,
    index: usize,
    case: &CaseFindings,
) -> Option<Diagnostic> {
    // The answer to a prompt with an unset variable means nothing.
    if case.has_holes {
        return None;
    }
    let undeclared = case.outcome.as_ref().ok()?.undeclared.as_ref()?;
    let (code, message) =
        lost_message(case, undeclared).or_else(|| inconsistent_message(case, undeclared))?;
    let range = case.rendered.to_source(undeclared.mention.clone());
    let range = range.unwrap_or_else(|| snapshot.file.body.clone());
    Some(Diagnostic {
        // The verdict of a guess is no warning.
        severity: Severity::Information,
        case: Some(index),
        ..Diagnostic::new(code, message, range, Origin::FrontMatter)
    })
}

/// Returns the message for a case that expects an answer: the hop is lost if the guess is right.
fn lost_message(case: &CaseFindings, undeclared: &Undeclared) -> Option<(Code, String)> {
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

/// Returns the message for a case that expects no answer: the prompt as written and the prompt that
/// names the bridge should continue alike.
fn inconsistent_message(case: &CaseFindings, undeclared: &Undeclared) -> Option<(Code, String)> {
    let found = undeclared.inconsistent.as_ref()?;
    let message = format!(
        "hop inconsistent: as written the model continues with {} ({}), but with {} ({}) when {}, \
         its own guess for {}, is named. Declare the hop, or name what you mean.",
        token_label(&found.written.token),
        percent(found.written.p),
        token_label(&found.named.token),
        percent(found.named.p),
        quoted(&found.bridge),
        quoted(case.query.prompt.get(undeclared.mention.clone())?),
    );
    Some((Code::HopInconsistent, message))
}
