//! `hoplens check`: prompt files.

use std::io::Write;
use std::path::PathBuf;

use serde::Serialize;

use super::analysed::{analysed, open, prompt_files};
use super::error::CliError;
use super::global::{Format, Global};
use super::{Outcome, json, resident, text_report};
use crate::hop::{
    CaseFindings, Collateral, Probes, Repair, Settings, Stability, Subject, TokenProbability,
    Undeclared, Verdict, subjects,
};
use crate::ide::{Diagnostic, Snapshot, diagnostics, repair_edit, repair_title};
use crate::memory::{Control, Recipe};
use crate::prompt::{FileEdit, Origin, Severity, sidecar_name};
use crate::text::{LineIndex, PositionEncoding};

#[derive(Debug, clap::Args)]
pub(super) struct CheckArgs {
    /// Prompt files, or folders to look for them in.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Leave prompts alone that declare no hop, instead of guessing one.
    #[arg(long)]
    declared_only: bool,
}

pub(super) fn run(args: &CheckArgs, global: &Global) -> Result<Outcome, CliError> {
    let files = prompt_files(&args.paths)?;
    let read: Result<Vec<Snapshot>, CliError> = files.iter().map(|path| open(path)).collect();
    let read = read?;
    let model = resident::load(global)?;
    let settings = Settings {
        bos: global.bos(),
        declared_only: args.declared_only,
        ..Settings::default()
    };
    let is_text = global.format() == Format::Text;
    let cases = |snapshot: &Snapshot| subjects(&model, &snapshot.file, &snapshot.text);
    let cases: Vec<Subject> = read.iter().flat_map(cases).collect();
    let mut snapshots = Vec::new();
    for snapshot in read {
        let snapshot = analysed(snapshot, &model, &cases, &settings)?;
        if is_text {
            // File by file: the first answer is there while the others are worked on.
            let out = &mut anstream::stdout().lock();
            text_report::file(out, &snapshot)?;
            out.flush()?;
        }
        snapshots.push(snapshot);
    }
    let found: Vec<Vec<Diagnostic>> = snapshots.iter().map(diagnostics).collect();
    let out = &mut anstream::stdout().lock();
    if is_text {
        text_report::summary(out, &model.info, &snapshots)?;
    } else {
        let files: Vec<FileReport> = snapshots
            .iter()
            .zip(&found)
            .map(|(snapshot, found)| report(snapshot, found))
            .collect();
        json::print(out, Some(&model.info), CheckResult { files })?;
    }
    // The other files are reported all the same, but a case that could not be asked is no finding.
    for snapshot in &snapshots {
        let mut cases = snapshot.findings.iter().flat_map(|found| &found.cases);
        if let Some(reason) = cases.find_map(|case| case.outcome.as_ref().err()) {
            return Err(CliError::Case {
                path: snapshot.name.clone().into(),
                reason: reason.clone(),
            });
        }
    }
    let has_findings = found
        .iter()
        .flatten()
        .any(|diagnostic| diagnostic.severity >= Severity::Warning);
    Ok(if has_findings {
        Outcome::Findings
    } else {
        Outcome::Clean
    })
}

#[derive(Serialize)]
struct CheckResult<'a> {
    files: Vec<FileReport<'a>>,
}

#[derive(Serialize)]
struct FileReport<'a> {
    path: &'a str,
    cases: Vec<CaseReport<'a>>,
    diagnostics: Vec<DiagnosticReport<'a>>,
}

#[derive(Serialize)]
struct CaseReport<'a> {
    id: &'a str,
    prompt: &'a str,
    expect: &'a [String],
    p: f64,
    logp: f64,
    logp_first: f64,
    rank: usize,
    top: &'a [TokenProbability],
    verdict: Option<Verdict>,
    probes: &'a Probes,
    repairs: Vec<RepairReport<'a>>,
    /// The hop that nobody declared; all of it is guessed.
    #[serde(skip_serializing_if = "Option::is_none")]
    undeclared: Option<UndeclaredReport<'a>>,
}

#[derive(Serialize)]
struct UndeclaredReport<'a> {
    /// The phrase that `found` is about.
    phrase: &'a str,
    #[serde(flatten)]
    found: &'a Undeclared,
}

#[derive(Serialize)]
struct RepairReport<'a> {
    kind: &'static str,
    title: String,
    logp_before: f64,
    logp_after: f64,
    rank_after: usize,
    /// Whether the model lacks the knowledge and only says the words.
    fakes: bool,
    #[serde(flatten)]
    injection: Option<&'a Recipe>,
    /// Share of random memories that gain less, 0 to 100; null for a rewrite.
    control_percentile: Option<f64>,
    /// What the injection does to other prompts; null for a rewrite and scope `span`.
    collateral: Option<&'a Collateral>,
    /// What the change does to the other cases of the file; null where there are none.
    stability: Option<Stability>,
    edit: Option<EditReport>,
}

#[derive(Serialize)]
struct EditReport {
    path: String,
    creates: bool,
    edits: Vec<TextEditReport>,
}

#[derive(Serialize)]
struct TextEditReport {
    range: RangeReport,
    new_text: String,
}

#[derive(Serialize)]
struct DiagnosticReport<'a> {
    code: &'a str,
    severity: &'static str,
    message: &'a str,
    path: String,
    range: RangeReport,
}

#[derive(Serialize)]
struct RangeReport {
    start: PlaceReport,
    end: PlaceReport,
}

/// Lines and columns count from 1; columns in characters.
#[derive(Serialize)]
struct PlaceReport {
    line: usize,
    column: usize,
}

fn report<'a>(snapshot: &'a Snapshot, diagnostics: &'a [Diagnostic]) -> FileReport<'a> {
    let cases = snapshot
        .findings
        .as_ref()
        .map_or(&[][..], |findings| &findings.cases);
    FileReport {
        path: &snapshot.name,
        cases: cases
            .iter()
            .filter_map(|case| case_report(snapshot, case))
            .collect(),
        diagnostics: diagnostics
            .iter()
            .map(|found| DiagnosticReport {
                code: found.code,
                severity: severity_name(found.severity),
                message: &found.message,
                path: origin_path(snapshot, found.origin),
                range: range_report(origin_text(snapshot, found.origin), &found.range),
            })
            .collect(),
    }
}

fn case_report<'a>(snapshot: &'a Snapshot, case: &'a CaseFindings) -> Option<CaseReport<'a>> {
    let outcome = case.outcome.as_ref().ok()?;
    let probe = &outcome.probes.composed;
    let repairs = outcome.repairs.as_deref().unwrap_or_default();
    Some(CaseReport {
        id: &case.id,
        prompt: &case.subject.prompt,
        expect: &case.subject.expect,
        p: probe.p,
        logp: probe.logp,
        logp_first: probe.logp_first,
        rank: probe.rank,
        top: &probe.top,
        verdict: outcome.verdict,
        probes: &outcome.probes,
        repairs: repairs
            .iter()
            .map(|repair| repair_report(snapshot, case, repair))
            .collect(),
        undeclared: outcome.undeclared.as_ref().map(|found| UndeclaredReport {
            phrase: case
                .subject
                .prompt
                .get(found.mention.clone())
                .unwrap_or_default(),
            found,
        }),
    })
}

fn repair_report<'a>(
    snapshot: &Snapshot,
    case: &CaseFindings,
    repair: &'a Repair,
) -> RepairReport<'a> {
    RepairReport {
        kind: repair.change.kind(),
        title: repair_title(repair),
        logp_before: repair.logp_before,
        logp_after: repair.logp_after,
        rank_after: repair.rank_after,
        fakes: repair.fakes,
        injection: repair.change.injection(),
        control_percentile: repair.control.as_ref().map(Control::percentile),
        collateral: repair.collateral.as_ref(),
        stability: repair.stability,
        edit: repair_edit(snapshot, case, repair).map(|edit| edit_report(snapshot, &edit)),
    }
}

fn edit_report(snapshot: &Snapshot, edit: &FileEdit) -> EditReport {
    let text = if edit.creates {
        ""
    } else {
        origin_text(snapshot, edit.target)
    };
    EditReport {
        path: origin_path(snapshot, edit.target),
        creates: edit.creates,
        edits: edit
            .edits
            .iter()
            .map(|one| TextEditReport {
                range: range_report(text, &one.range),
                new_text: one.new_text.clone(),
            })
            .collect(),
    }
}

fn origin_path(snapshot: &Snapshot, origin: Origin) -> String {
    match origin {
        Origin::FrontMatter => snapshot.name.clone(),
        Origin::Sidecar => sidecar_name(&snapshot.name),
    }
}

fn origin_text(snapshot: &Snapshot, origin: Origin) -> &str {
    match origin {
        Origin::FrontMatter => &snapshot.text,
        Origin::Sidecar => snapshot.file.sidecar.as_deref().unwrap_or_default(),
    }
}

fn range_report(text: &str, range: &std::ops::Range<usize>) -> RangeReport {
    let index = LineIndex::new(text);
    let place = |offset| {
        let position = index.position(text, offset, PositionEncoding::Utf32);
        PlaceReport {
            line: position.line + 1,
            column: position.column + 1,
        }
    };
    RangeReport {
        start: place(range.start),
        end: place(range.end),
    }
}

fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Hint => "hint",
        Severity::Information => "information",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}
