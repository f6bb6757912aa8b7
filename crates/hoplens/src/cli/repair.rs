//! `hoplens repair`: lists the measured repairs of a file's cases, and applies them.

mod afterwards;
mod applied_repair;
mod warned;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;
use similar::TextDiff;

use crate::cli::analysis_session::AnalysisSession;
use crate::cli::error::CliError;
use crate::cli::global::{Global, OutputFormat};
use crate::cli::outcome::CommandOutcome;
use crate::cli::prompt_files::{open, read};
use crate::cli::repair::applied_repair::AppliedRepair;
use crate::cli::report::{FilePositions, RepairReport, origin_path, origin_text, repair_report};
use crate::cli::{cases, json, projects, resident, write};
use afterwards::{Afterwards, afterwards};
use hoplens_analysis::{
    AnalysisContext, AnalysisSettings, CaseFindings, PromptSource, Repair, RepairSelection,
    Verdict, find_verdicts,
};
use hoplens_ide::{
    Snapshot, manual_repair_reason, repair_edit, repair_side_effects, repair_title, verdict_message,
};
use hoplens_prompt::{FileEdit, prompt_of_sidecar};
use hoplens_runtime::{CancelToken, Model};
use warned::{Warned, warnings};

#[derive(Debug, clap::Args)]
pub(super) struct RepairArgs {
    /// A prompt file, or its sidecar.
    file: PathBuf,
    /// Only this case, by its id or as #1, #2, …; the id of a matrix selects all its rows.
    #[arg(long, value_name = "ID")]
    case: Option<String>,
    /// Edit the file: for each failing case its best repair.
    #[arg(long)]
    apply: bool,
    /// Show or apply this repair instead of the best one; needs --case where several fail.
    #[arg(long, value_name = "N")]
    number: Option<usize>,
    /// Show what --apply would change without changing it.
    #[arg(long)]
    diff: bool,
}

pub(super) fn run(args: &RepairArgs, global: &Global) -> Result<CommandOutcome, CliError> {
    let file = prompt_of_sidecar(&args.file).unwrap_or_else(|| args.file.clone());
    projects::print_hints([file.as_path()]);
    let path = file.to_string_lossy();
    let settings = projects::settings(&path, global)?;
    let snapshot = open(&file)?;
    let named = args.case.as_deref();
    let named = named.map(|id| cases::named(&snapshot, id)).transpose()?;
    let is_wanted = |case: Option<usize>| named.as_ref().is_none_or(|named| named.contains(&case));
    let model = resident::load(global)?;
    let selection = named
        .clone()
        .map_or(RepairSelection::All, RepairSelection::Cases);
    let snapshot = analyse(snapshot, &model, &settings, selection)?;
    let cases = snapshot.findings.iter().flat_map(|found| &found.cases);
    let mut wanted: Vec<&CaseFindings> = cases.collect();
    wanted.retain(|case| is_wanted(case.case));
    refused(&file, &wanted)?;
    wanted.retain(|case| case.fails() || numbered(case).next().is_some());
    if let Some(number) = args.number {
        one_of(&wanted, number)?;
    }
    let out = &mut anstream::stdout().lock();
    let is_text = global.format() == OutputFormat::Text;
    let warned = warnings(&snapshot, &is_wanted);
    if is_text {
        list(out, &snapshot, &wanted, &warned, args.number)?;
    }
    let mut applied = Vec::new();
    if args.apply || args.diff {
        // Select by index, because an edit may give a case another id.
        let places: Vec<Option<usize>> = wanted.iter().map(|case| case.case).collect();
        for place in places {
            let Some(one) = apply(args, &file, &model, &settings, place)? else {
                continue;
            };
            if is_text {
                one.print(out)?;
            }
            applied.push(one);
        }
    }
    let is_written = applied.iter().any(|one| one.written);
    let afterwards = if is_written {
        afterwards(&snapshot, &open(&file)?, &model, &settings)?
    } else {
        Vec::new()
    };
    if is_text {
        for one in &afterwards {
            one.print(out, &applied)?;
        }
    }
    if !is_text {
        let places = FilePositions::of(&snapshot);
        let repairs = wanted
            .iter()
            .flat_map(|case| numbered(case).map(|(number, repair)| (*case, number, repair)));
        let repairs = repairs.map(|(case, number, repair)| Listed {
            case: &case.id,
            number,
            repair: repair_report(&places, case, repair),
        });
        let result = RepairResult {
            path: &path,
            repairs: repairs.collect(),
            applied: &applied,
            afterwards: &afterwards,
        };
        json::print(out, Some(&model.info), result)?;
    }
    let is_clean = if is_written {
        let remeasured = |one: &&Afterwards| one.is_worse || is_wanted(one.place);
        let mut remeasured = afterwards.iter().filter(remeasured);
        remeasured.all(|one| one.still.is_none())
    } else {
        wanted.is_empty() && warned.is_empty()
    };
    Ok(if is_clean {
        CommandOutcome::Clean
    } else {
        CommandOutcome::Findings
    })
}

/// Analyses a file and measures the repairs of the failing cases among `repairs`.
fn analyse(
    snapshot: Snapshot,
    model: &Model,
    settings: &AnalysisSettings,
    repairs: RepairSelection,
) -> Result<Snapshot, CliError> {
    let session = AnalysisSession {
        model,
        settings,
        other_cases: &Arc::default(),
        number: 1,
        total: 1,
    };
    session.analyse(snapshot, repairs)
}

/// Returns the reason why a case could not be run as an error, if there is one.
fn refused(path: &Path, cases: &[&CaseFindings]) -> Result<(), CliError> {
    match cases.iter().find_map(|case| case.outcome.as_ref().err()) {
        None => Ok(()),
        Some(reason) => Err(CliError::Case {
            path: path.into(),
            reason: reason.clone(),
        }),
    }
}

/// Returns the repairs of a case, numbered from 1.
fn numbered(case: &CaseFindings) -> impl Iterator<Item = (usize, &Repair)> {
    let repairs = case.outcome.as_ref().ok();
    let repairs = repairs.and_then(|outcome| outcome.repairs.as_deref());
    repairs
        .unwrap_or_default()
        .iter()
        .enumerate()
        .map(|(at, repair)| (at + 1, repair))
}

/// Checks that only one case fails and that it has a repair of this number.
fn one_of(failing: &[&CaseFindings], number: usize) -> Result<(), CliError> {
    let reason = match failing {
        [] => return Ok(()),
        [case] => match numbered(case).count() {
            count if (1..=count).contains(&number) => return Ok(()),
            0 => format!("case {} has no repairs, so there is no {number}", case.id),
            1 => format!("case {} has one repair, so there is no {number}", case.id),
            count => format!(
                "case {} has {count} repairs, from 1, so there is no {number}",
                case.id
            ),
        },
        several => {
            let ids: Vec<&str> = several.iter().map(|case| case.id.as_str()).collect();
            let ids = ids.join(", ");
            format!("several cases fail ({ids}); name one with --case")
        }
    };
    Err(CliError::Usage {
        flag: "--number",
        reason,
    })
}

/// Prints the repairs of the failing cases, or only the one with this number.
fn list(
    out: &mut dyn Write,
    snapshot: &Snapshot,
    cases: &[&CaseFindings],
    warned: &[Warned<'_>],
    only: Option<usize>,
) -> std::io::Result<()> {
    if cases.is_empty() && warned.is_empty() {
        return writeln!(out, "{}: nothing fails", snapshot.name);
    }
    let is_listed = |id: &str| cases.iter().any(|case| case.id == id);
    for (id, message) in warned.iter().filter(|(id, _)| !id.is_some_and(is_listed)) {
        let id = id.map_or_else(String::new, |id| format!(" {id}"));
        writeln!(out, "{}{id}: {message}", snapshot.name)?;
    }
    if cases.is_empty() {
        writeln!(
            out,
            "     no repair was measured: that needs a case with `expect` that fails"
        )?;
    }
    for case in cases {
        let own = |(id, _): &&Warned<'_>| *id == Some(case.id.as_str());
        for (_, message) in warned.iter().filter(own) {
            writeln!(out, "{} {}: {message}", snapshot.name, case.id)?;
        }
        let listed = numbered(case).filter(|(number, _)| only.is_none_or(|only| only == *number));
        for (number, repair) in listed {
            writeln!(out, "{number:>3}. {}", repair_title(snapshot, case, repair))?;
            if let Some(effects) = repair_side_effects(repair) {
                writeln!(out, "     {effects}")?;
            }
            if let Some(reason) = manual_repair_reason(snapshot, case, repair) {
                writeln!(out, "     by hand: {reason}")?;
            }
        }
        if numbered(case).next().is_none() {
            writeln!(
                out,
                "     no measured change makes the answer more probable"
            )?;
        }
    }
    Ok(())
}

/// Edits the file for one case and runs the case again. The file is read again, because the repair
/// of another case may have changed it. Returns `None` if no repair can be applied.
fn apply(
    args: &RepairArgs,
    file: &Path,
    model: &Model,
    settings: &AnalysisSettings,
    place: Option<usize>,
) -> Result<Option<AppliedRepair>, CliError> {
    let snapshot = analyse(
        open(file)?,
        model,
        settings,
        RepairSelection::Cases(vec![place]),
    )?;
    let mut cases = snapshot.findings.iter().flat_map(|found| &found.cases);
    let Some(case) = cases.find(|case| case.case == place) else {
        return Ok(None);
    };
    let id = &case.id;
    let edit_of = |(number, repair)| Some((number, repair, repair_edit(&snapshot, case, repair)?));
    let chosen = match args.number {
        Some(number) => {
            let found = numbered(case).find(|(at, _)| *at == number);
            let why = found.and_then(|(_, repair)| manual_repair_reason(&snapshot, case, repair));
            Some(found.and_then(edit_of).ok_or_else(|| CliError::Usage {
                flag: "--number",
                reason: match why {
                    Some(why) => format!("repair {number} of case {id} is for your hand: {why}"),
                    None => format!("case {id} has no repair {number}"),
                },
            })?)
        }
        None => numbered(case)
            .filter(|(_, repair)| is_safe(repair))
            .find_map(edit_of),
    };
    let Some((number, repair, edit)) = chosen else {
        return Ok(None);
    };
    let target = PathBuf::from(origin_path(&snapshot, edit.target));
    let before = if edit.creates {
        ""
    } else {
        origin_text(&snapshot, edit.target)
    };
    let after = edit.apply(before);
    if !args.diff {
        put(&target, before, &after, &edit)?;
    }
    let edited = edited(&snapshot, &edit);
    let cancel = CancelToken::new();
    let context = AnalysisContext::new(model, settings, &cancel);
    let findings = find_verdicts(&context, PromptSource::new(&edited.file, &edited.text))?;
    let remeasured = findings.cases.iter().find(|case| case.case == place);
    let still = remeasured.and_then(|case| verdict_message(case, case.outcome.as_ref().ok()?));
    let remeasured = remeasured.and_then(|case| case.outcome.as_ref().ok());
    let name = target.to_string_lossy().into_owned();
    let diff = TextDiff::from_lines(before, &after);
    Ok(Some(AppliedRepair {
        case: id.clone(),
        number,
        written: !args.diff,
        promised: repair.logp_after.exp(),
        measured: remeasured.map_or(f64::NAN, |outcome| outcome.probes.composed.p),
        is_ok: remeasured.is_some_and(|outcome| outcome.verdict == Some(Verdict::Ok)),
        still,
        diff: diff.unified_diff().header(&name, &name).to_string(),
        path: name,
    }))
}

/// Returns whether a repair may be applied without being named: it neither fakes knowledge nor
/// makes the answers of the file's other cases less probable.
fn is_safe(repair: &Repair) -> bool {
    let others = repair.stability.as_ref();
    !repair.fakes && others.is_none_or(|stability| stability.worse == 0)
}

/// Returns the file after the edit, parsed again.
fn edited(snapshot: &Snapshot, edit: &FileEdit) -> Snapshot {
    let (file, text) = hoplens_prompt::edited(&snapshot.file, &snapshot.text, edit);
    Snapshot {
        name: snapshot.name.clone(),
        text,
        file,
        findings: None,
        influence: None,
    }
}

/// Writes the edited text, unless the file changed since it was measured.
fn put(target: &Path, before: &str, after: &str, edit: &FileEdit) -> Result<(), CliError> {
    let unchanged = if edit.creates {
        !target.exists()
    } else {
        read(target)? == before
    };
    if !unchanged {
        return Err(CliError::Case {
            path: target.into(),
            reason: "the file changed while its repairs were measured; run the command again"
                .into(),
        });
    }
    write::whole(target, after.as_bytes())
}

#[derive(Serialize)]
struct RepairResult<'a> {
    path: &'a str,
    repairs: Vec<Listed<'a>>,
    applied: &'a [AppliedRepair],
    /// Every case after all edits; empty if nothing was written.
    afterwards: &'a [Afterwards],
}

#[derive(Serialize)]
struct Listed<'a> {
    case: &'a str,
    number: usize,
    #[serde(flatten)]
    repair: RepairReport<'a>,
}
