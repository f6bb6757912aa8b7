//! `hoplens check`: analyses prompt files and reports the findings.

mod checked_files;
mod github;
mod lock;
mod paths;
mod sarif;
mod text;

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use rayon::prelude::*;
use serde::Serialize;

use crate::cli::analysis_session::AnalysisSession;
use crate::cli::check::checked_files::CheckedFiles;
use crate::cli::error;
use crate::cli::error::CliError;
use crate::cli::global::{Global, OutputFormat};
use crate::cli::influence::session::{influence, influence_of};
use crate::cli::outcome::CommandOutcome;
use crate::cli::prompt_files::open;
use crate::cli::report::{FileReport, file_report};
use crate::cli::{json, projects, resident};
use hoplens_analysis::{CaseQuery, InfluenceMethod, PromptSource, RepairSelection, case_queries};
use hoplens_ide::{Diagnostic, Snapshot, diagnostics};
use hoplens_prompt::Severity;
use hoplens_runtime::Model;
use hoplens_workspace::Allowance;
use lock::{Comparison, Lock, Tolerance};

#[derive(Debug, clap::Args)]
pub(super) struct CheckArgs {
    /// Prompt files, folders to look for them in, or globs such as "prompts/**/*.prompt".
    #[arg(required = true)]
    paths: Vec<String>,
    /// Compare with the probabilities in this lock file; only cases that got worse, or that are new
    /// and fail, are findings then.
    #[arg(
        long,
        value_name = "FILE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = lock::NAME
    )]
    baseline: Option<PathBuf>,
    /// Write the probabilities that were measured into the lock file.
    #[arg(long)]
    update: bool,
    /// How much less probable an answer may be than in the lock file: a probability (0.02), a share
    /// of it (10%), or both; the larger one counts.
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    tolerance: Vec<Allowance>,
    /// Do not guess hops in prompts that declare none.
    #[arg(long)]
    declared_only: bool,
    /// Measure which sentences matter, too (see `hoplens influence`); it takes a pass over the
    /// prompt for each sentence and case.
    #[arg(long)]
    influence: bool,
    /// Measure the verdicts only: no repairs, and no guesses about undeclared hops.
    #[arg(long)]
    no_repairs: bool,
}

pub(super) fn run(args: &CheckArgs, global: &Global) -> Result<CommandOutcome, CliError> {
    let project = &global.project;
    let files = paths::prompt_files(&args.paths, project)?;
    projects::print_hints(files.iter().map(PathBuf::as_path));
    let tolerance = Tolerance::new(if args.tolerance.is_empty() {
        &project.check.tolerance
    } else {
        &args.tolerance
    });
    let (model, read, refused) = read(&files, global)?;
    let lock_path = args
        .baseline
        .clone()
        .or_else(|| args.update.then(|| lock::NAME.into()));
    let lock = match &lock_path {
        Some(path) => Lock::read(path, args.update)?,
        None => None,
    };
    if let (Some(lock), false) = (&lock, args.update) {
        lock.is_of(&model.info)?;
    }
    let mut compared = match (&lock, &lock_path, args.update) {
        (Some(_), Some(path), false) => Some(Comparison::with(path)),
        _ => None,
    };
    let is_text = global.format() == OutputFormat::Text;
    let cases = |snapshot: &Snapshot| {
        case_queries(&model, PromptSource::new(&snapshot.file, &snapshot.text))
    };
    let cases: Arc<[CaseQuery]> = read.iter().flat_map(cases).collect();
    let (mut snapshots, mut found) = (Vec::new(), Vec::new());
    let total = read.len();
    for (at, snapshot) in read.into_iter().enumerate() {
        let mut settings = projects::settings(&snapshot.name, global)?;
        settings.declared_only |= args.declared_only || args.no_repairs;
        let session = AnalysisSession {
            model: &model,
            settings: &settings,
            other_cases: &cases,
            number: at + 1,
            total,
        };
        let repairs = if args.no_repairs {
            RepairSelection::None
        } else {
            RepairSelection::All
        };
        let mut snapshot = session.analyse(snapshot, repairs)?;
        if args.influence {
            let request = influence_of(&snapshot, InfluenceMethod::Remove);
            let measured = influence(request, &model, &settings, &snapshot.name)?;
            snapshot.influence = Some(measured);
        }
        let of_file = diagnostics(&snapshot);
        if let (Some(lock), Some(path), Some(compared)) = (&lock, &lock_path, &mut compared) {
            lock.compare(path, &snapshot, &of_file, tolerance, compared);
        }
        if is_text {
            // Print file by file, so that the first result appears while the others are analysed.
            let out = &mut anstream::stdout().lock();
            text::file(out, &snapshot, &of_file, compared.as_ref())?;
            out.flush()?;
        }
        snapshots.push(snapshot);
        found.push(of_file);
    }
    print(
        &CheckedFiles {
            model: &model.info,
            snapshots: &snapshots,
            found: &found,
            compared: compared.as_ref(),
            refused: refused.len(),
        },
        global,
    )?;
    // All other files are reported, but a file that could not be read and a case that could not be
    // run are errors, not findings.
    let mut refused = refused.into_iter();
    if let Some(error) = refused.next() {
        refused.for_each(|other| error::print(&other));
        return Err(error);
    }
    for snapshot in &snapshots {
        let mut cases = snapshot.findings.iter().flat_map(|found| &found.cases);
        if let Some(reason) = cases.find_map(|case| case.outcome.as_ref().err()) {
            return Err(CliError::Case {
                path: snapshot.name.clone().into(),
                reason: reason.clone(),
            });
        }
    }
    if let (Some(path), true) = (&lock_path, args.update) {
        let updated = Lock::updated(lock, path, &model.info, &snapshots, &found);
        let changed = updated.write(path)?;
        let _ = writeln!(
            anstream::stderr(),
            "{} {}",
            path.display(),
            if changed {
                "is written"
            } else {
                "is up to date"
            }
        );
        return Ok(CommandOutcome::Clean);
    }
    let fails = compared.map_or_else(|| has_findings(&found), |compared| compared.fails());
    Ok(if fails {
        CommandOutcome::Findings
    } else {
        CommandOutcome::Clean
    })
}

/// The model, the files that could be read, and the errors of the others.
type Read = (Model, Vec<Snapshot>, Vec<CliError>);

/// Reads the files while the model loads. The analysis itself is sequential, because one pass
/// already uses all cores.
fn read(files: &[PathBuf], global: &Global) -> Result<Read, CliError> {
    let (model, read) = rayon::join(
        || resident::load(global),
        || -> Vec<Result<Snapshot, CliError>> { files.par_iter().map(|path| open(path)).collect() },
    );
    let (read, refused): (Vec<_>, Vec<_>) = read.into_iter().partition(Result::is_ok);
    let read: Vec<Snapshot> = read.into_iter().flatten().collect();
    let mut refused: Vec<CliError> = refused.into_iter().filter_map(Result::err).collect();
    if read.is_empty() && !refused.is_empty() {
        return Err(refused.remove(0));
    }
    Ok((model?, read, refused))
}

/// Prints the report. As text, only the part after all files.
fn print(checked: &CheckedFiles<'_>, global: &Global) -> Result<(), CliError> {
    let CheckedFiles {
        model,
        snapshots,
        found,
        compared,
        ..
    } = *checked;
    let out = &mut anstream::stdout().lock();
    match global.format() {
        OutputFormat::Text => {
            text::summary(out, checked)?;
            if let Some(compared) = compared {
                compared.print(out)?;
            }
        }
        OutputFormat::Json => {
            let files = snapshots.iter().zip(found);
            let files = files.map(|(snapshot, found)| file_report(snapshot, found));
            let result = CheckResult {
                files: files.collect(),
                baseline: compared,
            };
            json::print(out, Some(model), result)?;
        }
        OutputFormat::Sarif => sarif::print(out, snapshots, found, compared)?,
        OutputFormat::Github => github::print(out, snapshots, found, compared)?,
        // Unsupported formats are rejected before anything is read.
        OutputFormat::Svg => {}
    }
    Ok(())
}

fn has_findings(found: &[Vec<Diagnostic>]) -> bool {
    let mut all = found.iter().flatten();
    all.any(|diagnostic| diagnostic.severity >= Severity::Warning)
}

#[derive(Serialize)]
struct CheckResult<'a> {
    files: Vec<FileReport<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline: Option<&'a Comparison>,
}
