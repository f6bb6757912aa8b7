//! Code actions: measured repairs as edits.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::diagnostics::Diagnostic;
use crate::numbers::{chance, factor, percent, quoted};
use crate::snapshot::Snapshot;
use hoplens_analysis::{
    CaseFindings, CaseOutcome, Repair, RepairChange, Variant, Wording, words_edit,
};
use hoplens_injection::{Encoding, Scope};
use hoplens_interp::memory::{MemoryInjection, Placement};
use hoplens_prompt::{
    Code, FileEdit, Measured, NewInjection, Origin, Severity, TextEdit, insert_injection, is_sound,
    sidecar_name,
};
use hoplens_runtime::ModelInfo;

/// Something the user can have done.
#[derive(Debug, Clone, PartialEq)]
pub struct Action {
    /// What it does, with the gain that was measured.
    pub title: String,
    /// LSP kind.
    pub kind: &'static str,
    /// The edit.
    pub edit: FileEdit,
    /// Whether it is the best of its case.
    pub preferred: bool,
    /// Index into the findings' cases; `None` where it is about none.
    pub case: Option<usize>,
    /// The findings that it is about.
    pub mends: Vec<Diagnostic>,
}

/// Injections as code actions.
pub const INJECT: &str = "quickfix.hoplens.inject";
/// Other words as code actions.
pub const REWRITE: &str = "quickfix.hoplens.rewrite";

/// The measured repairs that belong to bytes `range` of the prompt file: those of the cases whose
/// diagnostics it touches, as far as they [concern](concerns) one of these.
///
/// `all`: the snapshot's [`super::diagnostics`].
pub fn actions(snapshot: &Snapshot, all: &[Diagnostic], range: &Range<usize>) -> Vec<Action> {
    let mut offered = Vec::new();
    for (index, found) in touched(all, range) {
        let Some((case, repairs)) = repairs_of(snapshot, index) else {
            continue;
        };
        for repair in repairs.unwrap_or_default() {
            if !found.iter().any(|found| concerns(case, found, repair)) {
                continue;
            }
            let Some(edit) = repair_edit(snapshot, case, repair) else {
                continue;
            };
            let own = all.iter().filter(|found| found.case == Some(index));
            offered.push(Action {
                title: repair_title(snapshot, case, repair),
                kind: match repair.change {
                    RepairChange::Inject(_) => INJECT,
                    RepairChange::Words { .. } => REWRITE,
                },
                edit,
                preferred: !repair.fakes
                    && offered
                        .iter()
                        .all(|other: &Action| other.case != Some(index)),
                case: Some(index),
                mends: own
                    .filter(|found| concerns(case, found, repair))
                    .cloned()
                    .collect(),
            });
        }
        let spaces = found
            .iter()
            .filter_map(|found| without_space(snapshot, case, index, found));
        offered.extend(spaces);
    }
    offered
}

/// Removing the space at the end of a prompt of which no answer is expected, so that nothing can
/// be measured to gain; where one is, it is among the repairs.
fn without_space(
    snapshot: &Snapshot,
    case: &CaseFindings,
    index: usize,
    found: &Diagnostic,
) -> Option<Action> {
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
    is_sound(&snapshot.file, &snapshot.text, &edit).then(|| Action {
        title: format!(
            "Remove the space at the end: continues with {} ({})",
            quoted(&trimmed.token),
            percent(trimmed.p)
        ),
        kind: REWRITE,
        edit,
        preferred: true,
        case: Some(index),
        mends: vec![found.clone()],
    })
}

/// Whether repairs that would belong to bytes `range` are still being measured.
///
/// `all`: the snapshot's [`super::diagnostics`].
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

/// The findings at bytes `range` of the prompt file, by the case that they belong to.
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

/// A case that could be asked, and its repairs once they are measured.
fn repairs_of(snapshot: &Snapshot, index: usize) -> Option<(&CaseFindings, Option<&[Repair]>)> {
    let case = snapshot.findings.as_ref()?.cases.get(index)?;
    let outcome = case.outcome.as_ref().ok()?;
    Some((case, outcome.repairs.as_deref()))
}

/// Whether a repair of a case is one of what `found` is about: a verdict is mended by all of them,
/// a costly spelling by another spelling of the same words, and a guess by none, for its hop was
/// not declared.
pub fn concerns(case: &CaseFindings, found: &Diagnostic, repair: &Repair) -> bool {
    let respelled = match &repair.change {
        RepairChange::Words {
            wording: Wording::Respell,
            range,
            text,
            ..
        } => Some((range, text)),
        _ => None,
    };
    match found.code {
        Code::TrailingSpace => respelled.is_some_and(|(_, text)| text.is_empty()),
        Code::TokenSplit => respelled.is_some_and(|(range, text)| {
            let range = case.rendered.to_source(range.clone());
            !text.is_empty()
                && found.origin == Origin::FrontMatter
                && range == Some(found.range.clone())
        }),
        _ => Severity::Warning <= found.severity,
    }
}

/// What a repair does, where it does so if not in the prompt's own text, and what it was measured
/// to gain.
pub fn repair_title(snapshot: &Snapshot, case: &CaseFindings, repair: &Repair) -> String {
    let (before, after) = (repair.logp_before.exp(), repair.logp_after.exp());
    let control = repair.control.as_ref().map_or_else(String::new, |control| {
        format!(", {}", chance(control.percentile(), "random memories"))
    });
    let gain = format!(
        "{} → {} ({}{control})",
        percent(before),
        percent(after),
        factor(after / before)
    );
    let does = match &repair.change {
        RepairChange::Inject(memory_injection) => injecting(memory_injection),
        RepairChange::Words {
            wording, was, text, ..
        } => {
            let place = words_edit(&case.rendered, &repair.change);
            let place = place.and_then(|edit| input_of(snapshot, &edit));
            rewording(*wording, was, text, place.as_deref())
        }
    };
    let fakes = if repair.fakes {
        "; the model lacks this knowledge, the injection only fakes it"
    } else {
        ""
    };
    format!("{does}: {gain}{fakes}")
}

fn injecting(memory_injection: &MemoryInjection) -> String {
    let Placement {
        encoding,
        layer,
        tau,
        scope,
        ..
    } = &memory_injection.placement;
    // The plain encoding goes without saying.
    let encoding = match encoding {
        Encoding::Embed => "",
        Encoding::Unembed => " (unembed)",
        Encoding::Layerwise => " (layerwise)",
    };
    let place = match scope {
        Scope::All => String::new(),
        Scope::Last => ", last token".into(),
        Scope::Span(span) => format!(", at {}", quoted(&span.text)),
    };
    let memory = quoted(&memory_injection.memory);
    format!("Inject memory {memory}{encoding}, layer {layer}, τ {tau}{place}")
}

/// The variable whose value an edit changes, where it changes no word of the prompt itself:
/// ``the case's input `thing` ``.
fn input_of(snapshot: &Snapshot, edit: &FileEdit) -> Option<String> {
    let at = &edit.edits.first()?.range;
    let fences = snapshot.file.fences.iter().flat_map(|fence| &fence.inputs);
    let value = snapshot.file.inputs.iter().chain(fences).find(|value| {
        value.origin == edit.target && value.range.start <= at.start && at.end <= value.range.end
    })?;
    Some(match value.case {
        Some(_) => format!("the case's input `{}`", value.name),
        None => format!("the default of `{}`", value.name),
    })
}

/// What a change of words does; `place` is where, if not in the prompt's own text.
fn rewording(wording: Wording, was: &str, text: &str, place: Option<&str>) -> String {
    let inside = place.map_or_else(String::new, |place| format!(" in {place}"));
    match wording {
        Wording::Rewrite if place.is_some() => format!("Name {}{inside}", quoted(text)),
        Wording::Rewrite => format!("Name {} in the text", quoted(text)),
        Wording::Appositive => format!("Add {} behind the mention{inside}", quoted(text)),
        Wording::Fact => format!("State {} first{inside}", quoted(text.trim_end())),
        Wording::Respell if text.is_empty() => format!("Remove {}{inside}", quoted(was)),
        Wording::Respell => format!("Write {} instead of {}{inside}", quoted(text), quoted(was)),
    }
}

/// The edit that applies a repair; `None` where the text to rewrite is not in the file.
pub fn repair_edit(snapshot: &Snapshot, case: &CaseFindings, repair: &Repair) -> Option<FileEdit> {
    match &repair.change {
        RepairChange::Inject(memory_injection) => {
            let measured = (repair.logp_before.exp(), repair.logp_after.exp());
            injection_edit(snapshot, case, memory_injection, Some(measured))
        }
        RepairChange::Words { .. } => words_edit(&case.rendered, &repair.change)
            .filter(|edit| is_sound(&snapshot.file, &snapshot.text, edit)),
    }
}

/// The edit that adds an injection to a case, with the answer's probability before and after it
/// where that was measured; `None` where the file cannot take it.
pub fn injection_edit(
    snapshot: &Snapshot,
    case: &CaseFindings,
    memory_injection: &MemoryInjection,
    measured: Option<(f64, f64)>,
) -> Option<FileEdit> {
    let model = &snapshot.findings.as_ref()?.model;
    let placement = &memory_injection.placement;
    let injection = NewInjection {
        memory: memory_injection.memory.clone(),
        encoding: placement.encoding,
        layer: placement.layer,
        tau: placement.tau,
        scope: placement.scope.clone(),
        measured: measured.map(|(before, after)| Measured {
            model: digest(model),
            before,
            after,
        }),
    };
    let id = case.case.map(|_| case.id.as_str());
    let edit = insert_injection(&snapshot.file, &snapshot.text, id, &injection);
    (!edit.edits.is_empty()).then_some(edit)
}

/// The model as a record names it.
pub(super) fn digest(model: &ModelInfo) -> String {
    format!("sha256:{}", model.sha256.get(..12).unwrap_or(&model.sha256))
}

/// Why a repair has no edit; `None` where it has one.
pub fn why_by_hand(snapshot: &Snapshot, case: &CaseFindings, repair: &Repair) -> Option<String> {
    if repair_edit(snapshot, case, repair).is_some() {
        return None;
    }
    Some(match &repair.change {
        RepairChange::Inject(_) => {
            let sidecar = sidecar_name(&snapshot.name);
            format!(
                "neither the front matter nor {sidecar} can take the injection without saying \
                 something else anew. Mend their YAML, then look again."
            )
        }
        RepairChange::Words { was, text, .. } => {
            let words = if was.is_empty() { text } else { was };
            let words = quoted(words.trim());
            if words_edit(&case.rendered, &repair.change).is_some() {
                format!("put where {words} stands, the words would end the YAML around them.")
            } else if was.is_empty() {
                format!(
                    "{words} has no place in the file: what stands there is made by a template, \
                     or the words would be read as part of one. Write it where it belongs."
                )
            } else {
                format!(
                    "{words} does not stand in the file as it is: a template, a partial or \
                     another file makes it, or what replaces it would be read as a tag. Change \
                     it where it comes from."
                )
            }
        }
    })
}
