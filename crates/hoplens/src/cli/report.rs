//! The JSON reports of findings and repairs.

use std::ops::Range;

use serde::Serialize;

use hoplens_analysis::{
    CaseFindings, Probes, PromptReading, ReferenceScore, Repair, ReplySearch, SideEffects,
    Stability, TokenProbability, Undeclared, Verdict,
};
use hoplens_ide::{Diagnostic, Snapshot, repair_edit, repair_title, segment_kind_name};
use hoplens_interp::memory::{Control, MemoryInjection};
use hoplens_prompt::text::{LineIndex, PositionEncoding};
use hoplens_prompt::{Code, FileEdit, Origin, Severity, sidecar_name};

/// The report of one file.
#[derive(Serialize)]
pub(super) struct FileReport<'a> {
    path: &'a str,
    cases: Vec<CaseReport<'a>>,
    diagnostics: Vec<DiagnosticReport<'a>>,
    /// What the absence of each sentence does; only if it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    influence: Option<Vec<InfluenceReport<'a>>>,
}

#[derive(Serialize)]
struct CaseReport<'a> {
    id: &'a str,
    prompt: &'a str,
    /// How the model reads the prompt.
    read_as: PromptReading,
    expect: &'a [String],
    p: f64,
    logp: f64,
    logp_first: f64,
    rank: usize,
    top: &'a [TokenProbability],
    verdict: Option<Verdict>,
    /// The score of the reference reply; null without one.
    reference: Option<ReferenceScore>,
    /// The replies in which the answer was looked for; null where the answer is scored as the next
    /// words.
    replies: Option<&'a ReplySearch>,
    probes: &'a Probes,
    repairs: Vec<RepairReport<'a>>,
    /// The undeclared hop; all of it is guessed.
    #[serde(skip_serializing_if = "Option::is_none")]
    undeclared: Option<UndeclaredReport<'a>>,
}

#[derive(Serialize)]
struct UndeclaredReport<'a> {
    /// The words of the mention of `found`.
    phrase: &'a str,
    #[serde(flatten)]
    found: &'a Undeclared,
}

/// The influence of one sentence on one case.
#[derive(Serialize)]
pub(super) struct InfluenceReport<'a> {
    range: RangeReport,
    case: &'a str,
    kind: &'static str,
    /// Log p of the accepted answers without the sentence minus that with it; null if no answer is
    /// expected, or if the sentence cannot be taken away.
    delta_logp: Option<f64>,
    /// Mean divergence along the greedy reply; null if an answer is expected.
    kl: Option<f64>,
}

/// The report of one repair.
#[derive(Serialize)]
pub(super) struct RepairReport<'a> {
    kind: &'static str,
    title: String,
    logp_before: f64,
    logp_after: f64,
    rank_after: usize,
    /// Whether the model lacks the knowledge and only repeats the words.
    fakes: bool,
    #[serde(flatten)]
    injection: Option<&'a MemoryInjection>,
    /// Percentage of random memories that gain less, 0 to 100; null for a change of words.
    control_percentile: Option<f64>,
    /// The side effects on other prompts; null for a change of words and for scope `span`.
    collateral: Option<&'a SideEffects>,
    /// The effect on the other cases of the file; null if there are none.
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
    code: Code,
    /// The case that it belongs to, if any.
    case: Option<&'a str>,
    severity: &'static str,
    message: &'a str,
    path: String,
    range: RangeReport,
}

/// A range of a file.
#[derive(Serialize)]
pub(super) struct RangeReport {
    pub(super) start: PlaceReport,
    pub(super) end: PlaceReport,
}

/// A position in a file. Lines and columns count from 1; columns are in characters unless another
/// encoding is stated.
#[derive(Serialize)]
pub(super) struct PlaceReport {
    pub(super) line: usize,
    pub(super) column: usize,
}

/// Returns the report of one file.
pub(super) fn file_report<'a>(
    snapshot: &'a Snapshot,
    diagnostics: &'a [Diagnostic],
) -> FileReport<'a> {
    let places = FilePositions::of(snapshot);
    let cases = snapshot
        .findings
        .as_ref()
        .map_or(&[][..], |findings| &findings.cases);
    FileReport {
        path: &snapshot.name,
        cases: cases
            .iter()
            .filter_map(|case| case_report(&places, case))
            .collect(),
        diagnostics: diagnostics
            .iter()
            .map(|found| DiagnosticReport {
                code: found.code,
                case: found.case.and_then(|at| Some(cases.get(at)?.id.as_str())),
                severity: severity_name(found.severity),
                message: &found.message,
                path: origin_path(snapshot, found.origin),
                range: places.range(found.origin, &found.range),
            })
            .collect(),
        influence: influence_reports(snapshot),
    }
}

fn case_report<'a>(places: &FilePositions<'_>, case: &'a CaseFindings) -> Option<CaseReport<'a>> {
    let outcome = case.outcome.as_ref().ok()?;
    let probe = &outcome.probes.composed;
    let repairs = outcome.repairs.as_deref().unwrap_or_default();
    Some(CaseReport {
        id: &case.id,
        prompt: &case.query.prompt,
        read_as: case.reading,
        expect: &case.query.expect,
        p: probe.p,
        logp: probe.logp,
        logp_first: probe.logp_first,
        rank: probe.rank,
        top: &probe.top,
        verdict: outcome.verdict,
        reference: outcome.reference,
        replies: outcome.replies.as_ref(),
        probes: &outcome.probes,
        repairs: repairs
            .iter()
            .map(|repair| repair_report(places, case, repair))
            .collect(),
        undeclared: outcome.undeclared.as_ref().map(|found| UndeclaredReport {
            phrase: case
                .query
                .prompt
                .get(found.mention.clone())
                .unwrap_or_default(),
            found,
        }),
    })
}

/// Returns the influence of a file's sentences, by case and in the order of the prompt; `None` if
/// it was not measured.
pub(super) fn influence_reports(snapshot: &Snapshot) -> Option<Vec<InfluenceReport<'_>>> {
    let found = snapshot.influence.as_ref()?;
    let places = FilePositions::of(snapshot);
    let mut reports = Vec::with_capacity(found.segments.len());
    for case in &found.cases {
        reports.extend(found.of_case(case.case).map(|one| InfluenceReport {
            range: places.range(Origin::FrontMatter, &one.range),
            case: &case.id,
            kind: segment_kind_name(one.kind),
            delta_logp: one.delta_logp,
            kl: one.kl,
        }));
    }
    Some(reports)
}

/// Returns the report of a repair, with its edit.
pub(super) fn repair_report<'a>(
    places: &FilePositions<'_>,
    case: &CaseFindings,
    repair: &'a Repair,
) -> RepairReport<'a> {
    RepairReport {
        kind: repair.change.kind(),
        title: repair_title(places.snapshot, case, repair),
        logp_before: repair.logp_before,
        logp_after: repair.logp_after,
        rank_after: repair.rank_after,
        fakes: repair.fakes,
        injection: repair.change.injection(),
        control_percentile: repair.control.as_ref().map(Control::percentile),
        collateral: repair.side_effects.as_ref(),
        stability: repair.stability,
        edit: repair_edit(places.snapshot, case, repair).map(|edit| edit_report(places, &edit)),
    }
}

fn edit_report(places: &FilePositions<'_>, edit: &FileEdit) -> EditReport {
    EditReport {
        path: origin_path(places.snapshot, edit.target),
        creates: edit.creates,
        edits: edit
            .edits
            .iter()
            .map(|one| TextEditReport {
                // A sidecar that does not exist yet counts as an empty file.
                range: places.range(edit.target, &one.range),
                new_text: one.new_text.clone(),
            })
            .collect(),
    }
}

/// Returns the path of the file that `origin` selects.
pub(super) fn origin_path(snapshot: &Snapshot, origin: Origin) -> String {
    match origin {
        Origin::FrontMatter => snapshot.name.clone(),
        Origin::Sidecar => sidecar_name(&snapshot.name),
    }
}

/// Returns a path with slashes and without a leading `./`.
pub(super) fn slashed(path: &str) -> String {
    let path = if std::path::MAIN_SEPARATOR == '\\' {
        path.replace('\\', "/")
    } else {
        path.to_owned()
    };
    path.strip_prefix("./").map_or(path.clone(), str::to_owned)
}

/// Returns the text of the file that `origin` selects.
pub(super) fn origin_text(snapshot: &Snapshot, origin: Origin) -> &str {
    match origin {
        Origin::FrontMatter => &snapshot.text,
        Origin::Sidecar => snapshot.file.sidecar.as_deref().unwrap_or_default(),
    }
}

/// The line starts of a prompt file and its sidecar, computed once for all ranges of a report.
pub(super) struct FilePositions<'a> {
    pub(super) snapshot: &'a Snapshot,
    prompt: LineIndex,
    sidecar: LineIndex,
}

impl<'a> FilePositions<'a> {
    pub(super) fn of(snapshot: &'a Snapshot) -> Self {
        let index = |origin| LineIndex::new(origin_text(snapshot, origin));
        Self {
            snapshot,
            prompt: index(Origin::FrontMatter),
            sidecar: index(Origin::Sidecar),
        }
    }

    /// Returns a range from 1, with columns in characters.
    pub(super) fn range(&self, origin: Origin, range: &Range<usize>) -> RangeReport {
        self.range_in(origin, range, PositionEncoding::Utf32)
    }

    /// Returns a range from 1, with columns in units of `encoding`.
    pub(super) fn range_in(
        &self,
        origin: Origin,
        range: &Range<usize>,
        encoding: PositionEncoding,
    ) -> RangeReport {
        let text = origin_text(self.snapshot, origin);
        let index = match origin {
            Origin::FrontMatter => &self.prompt,
            Origin::Sidecar => &self.sidecar,
        };
        let place = |offset| {
            let position = index.position(text, offset, encoding);
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
}

pub(super) fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Hint => "hint",
        Severity::Information => "information",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}
