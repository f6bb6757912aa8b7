//! Prints the results of `hoplens check` and `hoplens lint` as text.

use std::collections::BTreeSet;
use std::io::Write;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use anstyle::{AnsiColor, Style};

use crate::cli::check::lock::compare::Comparison;
use crate::cli::findings::checked_files::CheckedFiles;
use crate::cli::findings::github::is_known;
use hoplens_analysis::{CaseFindings, CaseOutcome, Verdict};
use hoplens_ide::{
    Diagnostic, Snapshot, is_fixed_by, percent, quoted, repair_side_effects, repair_title,
    token_label,
};
use hoplens_prompt::{Code, Origin, Severity, sidecar_name};

const GOOD: Style = Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Green)));
const BAD: Style = Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Red)));
const POOR: Style = Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Yellow)));
const FAINT: Style = Style::new().dimmed();

/// Prints one file: each finding with its source lines, and each case without findings in one line.
/// With a lock file, known findings are marked.
pub(in crate::cli) fn file(
    out: &mut dyn Write,
    snapshot: &Snapshot,
    found: &[Diagnostic],
    compared: Option<&Comparison>,
) -> std::io::Result<()> {
    // A repair that fixes several findings is printed below the first.
    let mut told = BTreeSet::new();
    for one in found {
        let level = level(snapshot, one, compared);
        finding(out, snapshot, one, level, &mut told)?;
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

/// Returns the level that heads a finding.
fn level(snapshot: &Snapshot, found: &Diagnostic, compared: Option<&Comparison>) -> Level<'static> {
    match found.severity {
        Severity::Information | Severity::Hint => Level::NOTE,
        _ if is_known(snapshot, found, compared) => Level::NOTE.with_name("known"),
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    }
}

fn finding(
    out: &mut dyn Write,
    snapshot: &Snapshot,
    found: &Diagnostic,
    level: Level<'static>,
    told: &mut BTreeSet<(usize, usize)>,
) -> std::io::Result<()> {
    let (path, text) = match found.origin {
        Origin::FrontMatter => (snapshot.name.clone(), snapshot.text.as_str()),
        Origin::Sidecar => (
            sidecar_name(&snapshot.name),
            snapshot.file.sidecar.as_deref().unwrap_or_default(),
        ),
    };
    let range = hoplens_prompt::text::snap(text, found.range.start)
        ..hoplens_prompt::text::snap(text, found.range.end);
    let case = found.case.and_then(|index| {
        snapshot
            .findings
            .as_ref()
            .and_then(|all| all.cases.get(index))
    });
    let label = case.map(|case| beside(snapshot, case, &text[range.clone()]));
    let snippet = Snippet::source(text)
        .path(path)
        .annotation(AnnotationKind::Primary.span(range.clone()).label(label));
    let mut group = level
        .primary_title(&*found.message)
        .id(found.code.as_str())
        .element(snippet);
    let repairs = case.and_then(|case| case.outcome.as_ref().ok()?.repairs.as_deref());
    for (number, repair) in repairs.unwrap_or_default().iter().enumerate() {
        let (Some(case), Some(index)) = (case, found.case) else {
            continue;
        };
        if !is_fixed_by(case, found, repair) || !told.insert((index, number)) {
            continue;
        }
        group = group.element(Level::HELP.message(repair_title(snapshot, case, repair)));
        if let Some(effects) = repair_side_effects(repair) {
            group = group.element(Level::NOTE.message(effects));
        }
    }
    let has_hop = case.is_some_and(|case| case.query.bridged().is_some());
    let is_verdict = found.severity == Severity::Warning && found.code != Code::TrailingSpace;
    if has_hop && is_verdict && repairs.is_some_and(<[_]>::is_empty) {
        group =
            group.element(Level::NOTE.message("no measured change makes the answer more probable"));
    }
    let report: &[Group<'_>] = &[group];
    // `out` removes the colours if they are not supported.
    let renderer = Renderer::styled().decor_style(DecorStyle::Ascii);
    writeln!(out, "{}\n", renderer.render(report))
}

/// Returns the label of the underlined `words`: the case, if there are several, invisible words,
/// and the answer.
fn beside(snapshot: &Snapshot, case: &CaseFindings, words: &str) -> String {
    let all = snapshot.findings.as_ref().map_or(0, |all| all.cases.len());
    let name = (1 < all).then(|| format!("case {}", case.id));
    let blank = (!words.is_empty() && words.trim().is_empty()).then(|| format!("{words:?}"));
    let parts = [name, blank, Some(label(case))];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    parts.join(" ").trim_end().to_owned()
}

/// Returns the answer's probability, or the likeliest next token if no answer is expected.
fn label(case: &CaseFindings) -> String {
    let Ok(outcome) = &case.outcome else {
        return String::new();
    };
    let composed = &outcome.probes.composed;
    let Some(expect) = case.query.expect.first() else {
        let next = composed.top.first();
        return next.map_or_else(String::new, |next| {
            format!("→ {} {}", token_label(&next.token), percent(next.p))
        });
    };
    let alone = if case.query.ends_reply { " alone" } else { "" };
    let expect = format!("{}{alone}", quoted(expect));
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
    outcome: &CaseOutcome,
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
                .map(|top| format!("{} {}", token_label(&top.token), percent(top.p)))
                .collect();
            writeln!(
                out,
                "{FAINT}--{FAINT:#} {name} {id} continues with {}\n",
                next.join(", ")
            )
        }
    }
}

/// Prints the files that have errors, then those that have only warnings, each by name, if there are
/// several files.
pub(in crate::cli) fn files_by_severity(
    out: &mut dyn Write,
    checked: &CheckedFiles<'_>,
) -> std::io::Result<()> {
    if checked.snapshots.len() < 2 {
        return Ok(());
    }
    let mut files: Vec<(Severity, &str, String)> = Vec::new();
    for (snapshot, found) in checked.snapshots.iter().zip(checked.found) {
        let new = found
            .iter()
            .filter(|one| !is_known(snapshot, one, checked.compared));
        let new: Vec<&Diagnostic> = new
            .filter(|one| Severity::Warning <= one.severity)
            .collect();
        let worst = new.iter().map(|one| one.severity).max();
        if let Some(worst) = worst {
            files.push((worst, &snapshot.name, severities(&new)));
        }
    }
    files.sort_by(|(one, name, _), (other, other_name, _)| {
        other.cmp(one).then_with(|| name.cmp(other_name))
    });
    for (severity, name, counts) in &files {
        let (style, word) = match severity {
            Severity::Error => (BAD, "error  "),
            _ => (POOR, "warning"),
        };
        writeln!(out, "{style}{word}{style:#} {name}: {counts}")?;
    }
    if !files.is_empty() {
        writeln!(out)?;
    }
    Ok(())
}

/// Prints the last line: the number of files and cases, how many fail, and how many findings there
/// are.
pub(in crate::cli) fn summary(
    out: &mut dyn Write,
    checked: &CheckedFiles<'_>,
) -> std::io::Result<()> {
    let unread = match checked.refused {
        0 => String::new(),
        refused => format!(", {} not read", counted(refused, "file")),
    };
    let files = counted(checked.snapshots.len(), "file");
    let Some(model) = checked.model else {
        return writeln!(out, "{files}{unread}; {}", found(checked));
    };
    let findings = checked
        .snapshots
        .iter()
        .filter_map(|one| one.findings.as_ref());
    let cases: Vec<&CaseFindings> = findings.flat_map(|findings| &findings.cases).collect();
    let failing = cases.iter().filter(|case| case.fails()).count();
    let digest = model.sha256.get(..12).unwrap_or(&model.sha256);
    writeln!(
        out,
        "{files}{unread}, {}, {failing} failing; {}; measured with {} (sha256:{digest})",
        counted(cases.len(), "case"),
        found(checked),
        model.name
    )
}

/// Returns `1 error, 2 warnings`, and how many of them are not in the lock file.
fn found(checked: &CheckedFiles<'_>) -> String {
    let all: Vec<(&Snapshot, &Diagnostic)> = checked
        .snapshots
        .iter()
        .zip(checked.found)
        .flat_map(|(snapshot, found)| found.iter().map(move |one| (snapshot, one)))
        .filter(|(_, one)| Severity::Warning <= one.severity)
        .collect();
    let some: Vec<&Diagnostic> = all.iter().map(|(_, one)| *one).collect();
    if some.is_empty() {
        return "nothing found".into();
    }
    let known = all
        .iter()
        .filter(|(snapshot, one)| is_known(snapshot, one, checked.compared))
        .count();
    let baseline = match checked.compared {
        Some(_) => format!(": {} new, {known} known", all.len() - known),
        None => String::new(),
    };
    format!("{}{baseline}", severities(&some))
}

/// Returns `1 error, 2 warnings`.
fn severities(found: &[&Diagnostic]) -> String {
    let of = |severity| found.iter().filter(|one| one.severity == severity).count();
    let counts = [
        (of(Severity::Error), "error"),
        (of(Severity::Warning), "warning"),
    ];
    let some = counts.iter().filter(|(count, _)| 0 < *count);
    let some: Vec<String> = some.map(|(count, noun)| counted(*count, noun)).collect();
    some.join(", ")
}

fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}
