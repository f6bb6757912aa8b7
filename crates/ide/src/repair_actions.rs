//! Code actions that repair a finding, with the measured gain.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::code_action::{CodeAction, INJECT, REWRITE};
use crate::diagnostics::diagnostic::Diagnostic;
use crate::numbers::{percent, token_label};
use crate::repair_edits::repair_edit;
use crate::repair_titles::repair_title;
use crate::snapshot::Snapshot;
use hoplens_analysis::{CaseFindings, CaseOutcome, Repair, RepairChange, Variant, Wording};
use hoplens_prompt::{Code, FileEdit, Origin, Severity, TextEdit, preserves_declarations};

/// Returns the measured repairs for bytes `range` of the prompt file: those of the cases whose
/// findings it touches, if they [fix](is_fixed_by) one of these.
///
/// `all` are the snapshot's [`diagnostics`](crate::diagnostics()).
pub fn repair_actions(
    snapshot: &Snapshot,
    all: &[Diagnostic],
    range: &Range<usize>,
) -> Vec<CodeAction> {
    let mut offered = Vec::new();
    for (index, found) in touched(all, range) {
        let Some((case, repairs)) = repairs_of(snapshot, index) else {
            continue;
        };
        for repair in repairs.unwrap_or_default() {
            if !found.iter().any(|found| is_fixed_by(case, found, repair)) {
                continue;
            }
            let Some(edit) = repair_edit(snapshot, case, repair) else {
                continue;
            };
            let own = all.iter().filter(|found| found.case == Some(index));
            offered.push(CodeAction {
                title: repair_title(snapshot, case, repair),
                kind: match repair.change {
                    RepairChange::Inject(_) => INJECT,
                    RepairChange::Words { .. } => REWRITE,
                },
                edit,
                preferred: !repair.fakes
                    && offered
                        .iter()
                        .all(|other: &CodeAction| other.case != Some(index)),
                case: Some(index),
                fixes: own
                    .filter(|found| is_fixed_by(case, found, repair))
                    .cloned()
                    .collect(),
            });
        }
        let spaces = found
            .iter()
            .filter_map(|found| remove_trailing_space(snapshot, case, index, found));
        offered.extend(spaces);
    }
    offered
}

/// Returns the action that removes the space at the end of a prompt without an expected answer. With
/// one, the removal is measured and among the repairs.
fn remove_trailing_space(
    snapshot: &Snapshot,
    case: &CaseFindings,
    index: usize,
    found: &Diagnostic,
) -> Option<CodeAction> {
    if found.code != Code::TrailingSpace || !case.query.expect.is_empty() {
        return None;
    }
    let trimmed = case.outcome.as_ref().ok()?;
    let trimmed = trimmed.probes.variant(Variant::Trimmed)?.top.first()?;
    let edit = FileEdit {
        target: found.origin,
        creates: false,
        edits: vec![TextEdit {
            range: found.range.clone(),
            new_text: String::new(),
        }],
    };
    preserves_declarations(&snapshot.file, &snapshot.text, &edit).then(|| CodeAction {
        title: format!(
            "Remove the space at the end: continues with {} ({})",
            token_label(&trimmed.token),
            percent(trimmed.p)
        ),
        kind: REWRITE,
        edit,
        preferred: true,
        case: Some(index),
        fixes: vec![found.clone()],
    })
}

/// Returns whether repairs for bytes `range` are still being measured.
///
/// `all` are the snapshot's [`diagnostics`](crate::diagnostics()).
pub fn awaits_repairs(snapshot: &Snapshot, all: &[Diagnostic], range: &Range<usize>) -> bool {
    touched(all, range).iter().any(|(index, found)| {
        let is_verdict = found
            .iter()
            .any(|found| found.severity == Severity::Warning);
        let case = repairs_of(snapshot, *index).filter(|_| is_verdict);
        case.is_some_and(|(case, repairs)| {
            let wanted = |outcome: &CaseOutcome| outcome.wants_repairs();
            repairs.is_none() && case.outcome.as_ref().is_ok_and(wanted)
        })
    })
}

/// Returns the findings at bytes `range` of the prompt file by their case.
fn touched<'a>(
    all: &'a [Diagnostic],
    range: &Range<usize>,
) -> BTreeMap<usize, Vec<&'a Diagnostic>> {
    let mut by_case: BTreeMap<usize, Vec<&Diagnostic>> = BTreeMap::new();
    for found in all {
        let touches = found.range.start <= range.end && range.start <= found.range.end;
        let Some(case) = found
            .case
            .filter(|_| touches && found.origin == Origin::FrontMatter)
        else {
            continue;
        };
        by_case.entry(case).or_default().push(found);
    }
    by_case
}

/// Returns a case that was analysed, and its repairs once they are measured.
fn repairs_of(snapshot: &Snapshot, index: usize) -> Option<(&CaseFindings, Option<&[Repair]>)> {
    let case = snapshot.findings.as_ref()?.cases.get(index)?;
    let outcome = case.outcome.as_ref().ok()?;
    Some((case, outcome.repairs.as_deref()))
}

/// Returns whether a repair of a case fixes a finding of the case: every repair fixes a verdict, only
/// another spelling fixes a spelling, and none fixes a guess about an undeclared hop.
pub fn is_fixed_by(case: &CaseFindings, found: &Diagnostic, repair: &Repair) -> bool {
    let respelling = match &repair.change {
        RepairChange::Words {
            wording: Wording::Retokenize,
            range,
            text,
            ..
        } => Some((range, text)),
        _ => None,
    };
    match found.code {
        Code::TrailingSpace => respelling.is_some_and(|(_, text)| text.is_empty()),
        Code::TokenSplit => respelling.is_some_and(|(range, text)| {
            let range = case.rendered.to_source(range.clone());
            !text.is_empty()
                && found.origin == Origin::FrontMatter
                && range == Some(found.range.clone())
        }),
        _ => Severity::Warning <= found.severity,
    }
}
