//! `hoplens check` for people.

use std::collections::BTreeSet;
use std::io::Write;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use anstyle::{AnsiColor, Style};

use crate::hop::{CaseFindings, Outcome, Verdict};
use crate::ide::{
    Diagnostic, Snapshot, diagnostics, percent, quoted, repair_side_effects, repair_title,
};
use crate::model::ModelInfo;
use crate::prompt::{Origin, Severity, sidecar_name};

const GOOD: Style = Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Green)));
const FAINT: Style = Style::new().dimmed();

/// One file: each finding under the prompt that it belongs to, each case that is well in a line.
pub(super) fn file(out: &mut dyn Write, snapshot: &Snapshot) -> std::io::Result<()> {
    let mut repaired = BTreeSet::new();
    for found in diagnostics(snapshot) {
        // Where several findings belong to one case its repairs stand below the first.
        let is_first = found.case.is_some_and(|case| repaired.insert(case));
        finding(out, snapshot, &found, is_first)?;
    }
    for case in snapshot
        .findings
        .iter()
        .flat_map(|findings| &findings.cases)
    {
        if let Ok(outcome) = &case.outcome {
            well(out, snapshot, case, outcome)?;
        }
    }
    Ok(())
}

fn finding(
    out: &mut dyn Write,
    snapshot: &Snapshot,
    found: &Diagnostic,
    with_repairs: bool,
) -> std::io::Result<()> {
    let level = match found.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Information | Severity::Hint => Level::NOTE,
    };
    let (path, text) = match found.origin {
        Origin::FrontMatter => (snapshot.name.clone(), snapshot.text.as_str()),
        Origin::Sidecar => (
            sidecar_name(&snapshot.name),
            snapshot.file.sidecar.as_deref().unwrap_or_default(),
        ),
    };
    let range =
        crate::text::snap(text, found.range.start)..crate::text::snap(text, found.range.end);
    let case = found.case.and_then(|index| {
        snapshot
            .findings
            .as_ref()
            .and_then(|all| all.cases.get(index))
    });
    let snippet = Snippet::source(text)
        .path(path)
        .annotation(AnnotationKind::Primary.span(range).label(case.map(label)));
    let mut group = level
        .primary_title(&*found.message)
        .id(found.code)
        .element(snippet);
    let repairs = case.and_then(|case| case.outcome.as_ref().ok()?.repairs.as_deref());
    let repairs = repairs.filter(|_| with_repairs);
    for repair in repairs.unwrap_or_default() {
        group = group.element(Level::HELP.message(repair_title(repair)));
        if let Some(effects) = repair_side_effects(repair) {
            group = group.element(Level::NOTE.message(effects));
        }
    }
    let has_hop = case.is_some_and(|case| case.subject.bridged().is_some());
    if has_hop && repairs.is_some_and(<[_]>::is_empty) {
        group =
            group.element(Level::NOTE.message("no measured change makes the answer more probable"));
    }
    let report: &[Group<'_>] = &[group];
    // `out` removes the colours where they are not wanted.
    let renderer = Renderer::styled().decor_style(DecorStyle::Ascii);
    writeln!(out, "{}\n", renderer.render(report))
}

/// What stands beside the underlined mention.
fn label(case: &CaseFindings) -> String {
    let Ok(outcome) = &case.outcome else {
        return String::new();
    };
    let composed = &outcome.probes.composed;
    let expect = case
        .subject
        .expect
        .first()
        .map(|expect| quoted(expect))
        .unwrap_or_default();
    let injected = outcome
        .probes
        .without_injections
        .as_ref()
        .map_or_else(String::new, |without| {
            format!(", {} without the injection", percent(without.p))
        });
    format!(
        "→ {expect} {} (#{}){injected}",
        percent(composed.p),
        composed.rank + 1
    )
}

fn well(
    out: &mut dyn Write,
    snapshot: &Snapshot,
    case: &CaseFindings,
    outcome: &Outcome,
) -> std::io::Result<()> {
    let (name, id) = (&snapshot.name, &case.id);
    match outcome.verdict {
        Some(Verdict::Ok) => {
            let label = label(case);
            let named = outcome
                .probes
                .explicit()
                .map_or_else(String::new, |explicit| {
                    format!(
                        " {FAINT}({} when the bridge is named){FAINT:#}",
                        percent(explicit.p)
                    )
                });
            writeln!(out, "{GOOD}ok{GOOD:#} {name} {id} {label}{named}\n")
        }
        Some(_) => Ok(()),
        None => {
            let next: Vec<String> = outcome
                .probes
                .composed
                .top
                .iter()
                .take(3)
                .map(|top| format!("{} {}", quoted(&top.token), percent(top.p)))
                .collect();
            writeln!(
                out,
                "{FAINT}--{FAINT:#} {name} {id} continues with {}\n",
                next.join(", ")
            )
        }
    }
}

/// The last line: how many cases were asked and how many fail.
pub(super) fn summary(
    out: &mut dyn Write,
    model: &ModelInfo,
    snapshots: &[Snapshot],
) -> std::io::Result<()> {
    let outcomes: Vec<&Outcome> = snapshots
        .iter()
        .filter_map(|snapshot| snapshot.findings.as_ref())
        .flat_map(|findings| &findings.cases)
        .filter_map(|case| case.outcome.as_ref().ok())
        .collect();
    let failing = outcomes
        .iter()
        .filter(|outcome| {
            outcome
                .verdict
                .is_some_and(|verdict| verdict != Verdict::Ok)
        })
        .count();
    let digest = model.sha256.get(..12).unwrap_or(&model.sha256);
    writeln!(
        out,
        "{} files, {} cases, {failing} failing; measured with {} (sha256:{digest})",
        snapshots.len(),
        outcomes.len(),
        model.name
    )
}
