//! Code actions: measured repairs as edits.

use std::collections::BTreeSet;
use std::ops::Range;

use super::Snapshot;
use super::numbers::{chance, factor, percent, quoted};
use crate::hop::{CaseFindings, Change, Repair, Wording, words_edit};
use crate::memory::{Placement, Recipe};
use crate::prompt::{
    Encoding, FileEdit, Measured, NewInjection, Origin, Scope, insert_injection, is_sound,
};

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
    /// Index into the findings' cases.
    pub case: usize,
}

/// Injections as code actions.
pub const INJECT: &str = "quickfix.hoplens.inject";
/// Other words as code actions.
pub const REWRITE: &str = "quickfix.hoplens.rewrite";

/// The measured repairs that belong to bytes `range` of the prompt file: those of the cases whose
/// diagnostics it touches.
pub fn actions(snapshot: &Snapshot, range: Range<usize>) -> Vec<Action> {
    let touched: BTreeSet<usize> = super::diagnostics(snapshot)
        .into_iter()
        .filter(|found| found.origin == Origin::FrontMatter)
        .filter(|found| found.range.start <= range.end && range.start <= found.range.end)
        .filter_map(|found| found.case)
        .collect();
    let Some(findings) = &snapshot.findings else {
        return Vec::new();
    };
    let mut offered = Vec::new();
    for index in touched {
        let Some(case) = findings.cases.get(index) else {
            continue;
        };
        let repairs = case
            .outcome
            .as_ref()
            .ok()
            .and_then(|outcome| outcome.repairs.as_deref());
        for repair in repairs.unwrap_or_default() {
            let Some(edit) = repair_edit(snapshot, case, repair) else {
                continue;
            };
            offered.push(Action {
                title: repair_title(repair),
                kind: match repair.change {
                    Change::Inject(_) => INJECT,
                    Change::Words { .. } => REWRITE,
                },
                edit,
                preferred: !repair.fakes
                    && offered.iter().all(|other: &Action| other.case != index),
                case: index,
            });
        }
    }
    offered
}

/// What a repair does and what it was measured to gain.
pub fn repair_title(repair: &Repair) -> String {
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
        Change::Inject(recipe) => injecting(recipe),
        Change::Words {
            wording, was, text, ..
        } => rewording(*wording, was, text),
    };
    let fakes = if repair.fakes {
        "; the model lacks this knowledge, the injection only fakes it"
    } else {
        ""
    };
    format!("{does}: {gain}{fakes}")
}

fn injecting(recipe: &Recipe) -> String {
    let Placement {
        encoding,
        layer,
        tau,
        scope,
        ..
    } = &recipe.placement;
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
    let memory = quoted(&recipe.memory);
    format!("Inject memory {memory}{encoding}, layer {layer}, τ {tau}{place}")
}

fn rewording(wording: Wording, was: &str, text: &str) -> String {
    match wording {
        Wording::Rewrite => format!("Name {} in the text", quoted(text)),
        Wording::Appositive => format!("Add {} behind the mention", quoted(text)),
        Wording::Fact => format!("State {} first", quoted(text.trim_end())),
        Wording::Respell if text.is_empty() => format!("Remove {}", quoted(was)),
        Wording::Respell => format!("Write {} instead of {}", quoted(text), quoted(was)),
    }
}

/// The edit that applies a repair; `None` where the text to rewrite is not in the file.
pub fn repair_edit(snapshot: &Snapshot, case: &CaseFindings, repair: &Repair) -> Option<FileEdit> {
    match &repair.change {
        Change::Inject(recipe) => {
            let model = &snapshot.findings.as_ref()?.model;
            let placement = &recipe.placement;
            let injection = NewInjection {
                memory: recipe.memory.clone(),
                encoding: placement.encoding,
                layer: placement.layer,
                tau: placement.tau,
                scope: placement.scope.clone(),
                measured: Some(Measured {
                    model: format!("sha256:{}", model.sha256.get(..12).unwrap_or(&model.sha256)),
                    before: repair.logp_before.exp(),
                    after: repair.logp_after.exp(),
                }),
            };
            let id = case.case.map(|_| case.id.as_str());
            let edit = insert_injection(&snapshot.file, &snapshot.text, id, &injection);
            (!edit.edits.is_empty()).then_some(edit)
        }
        Change::Words { .. } => words_edit(&case.rendered, &repair.change)
            .filter(|edit| is_sound(&snapshot.file, &snapshot.text, edit)),
    }
}
