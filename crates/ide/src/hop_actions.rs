//! The code action that declares a hop that hoplens guessed.

use std::ops::Range;

use crate::code_action::{CodeAction, DECLARE_HOP};
use crate::diagnostics::diagnostic::Diagnostic;
use crate::numbers::quoted;
use crate::snapshot::Snapshot;
use hoplens_analysis::{CaseFindings, Undeclared, Verdict};
use hoplens_prompt::{Code, NewHop, Origin, declare_hop};

/// Returns an action for each guessed hop whose finding bytes `range` of the prompt file touch.
///
/// `all` are the snapshot's [`diagnostics`](crate::diagnostics()).
pub fn hop_actions(
    snapshot: &Snapshot,
    all: &[Diagnostic],
    origin: Origin,
    range: &Range<usize>,
) -> Vec<CodeAction> {
    let touched = all.iter().filter(|one| {
        let is_about_hop = matches!(
            one.code,
            Code::HopLost | Code::HopInconsistent | Code::AnswerUnlikely
        );
        let touches = one.range.start <= range.end && range.start <= one.range.end;
        is_about_hop && touches && one.origin == origin
    });
    let mut offered: Vec<CodeAction> = Vec::new();
    for found in touched {
        let Some(action) = action(snapshot, found) else {
            continue;
        };
        match offered.iter_mut().find(|one| one.edit == action.edit) {
            Some(same) => same.fixes.extend(action.fixes),
            None => offered.push(action),
        }
    }
    offered
}

fn action(snapshot: &Snapshot, found: &Diagnostic) -> Option<CodeAction> {
    let case = snapshot.findings.as_ref()?.cases.get(found.case?)?;
    let undeclared = case.outcome.as_ref().ok()?.undeclared.as_ref()?;
    let mention = case
        .query
        .prompt
        .get(undeclared.mention.clone())?
        .to_owned();
    let (bridge, answer) = found_bridge(case, undeclared)?;
    let hop = NewHop { mention, bridge };
    let edit = declare_hop(&snapshot.file, &snapshot.text, case.case, &hop, &answer)?;
    Some(CodeAction {
        title: format!(
            "Declare this hop: {} is {}",
            quoted(&hop.mention),
            quoted(&hop.bridge)
        ),
        kind: DECLARE_HOP,
        edit,
        preferred: false,
        case: found.case,
        fixes: vec![found.clone()],
    })
}

/// Returns the bridge that a finding names, or else the likeliest, and the answer that the case
/// expects, or else the one that the model gives once the bridge is named.
fn found_bridge(case: &CaseFindings, undeclared: &Undeclared) -> Option<(String, String)> {
    let expected = case.query.expect.first().cloned();
    let guessed = undeclared
        .guessed
        .as_ref()
        .filter(|one| one.verdict == Verdict::HopLost);
    if let (Some(guessed), Some(expected)) = (guessed, &expected) {
        return Some((guessed.bridge.clone(), expected.clone()));
    }
    if let Some(inconsistent) = &undeclared.inconsistent {
        let answer = expected.unwrap_or_else(|| inconsistent.named.token.clone());
        return Some((inconsistent.bridge.clone(), answer));
    }
    let best = undeclared.candidates.first()?;
    Some((best.text.clone(), expected?))
}
