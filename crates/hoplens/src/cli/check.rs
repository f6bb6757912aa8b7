//! `hoplens check`: analyses prompt files and reports the findings.

pub(super) mod lock;

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use crate::cli::analysis_session::AnalysisSession;
use crate::cli::check::lock::Lock;
use crate::cli::check::lock::compare::{Comparison, Tolerance};
use crate::cli::error::CliError;
use crate::cli::findings::checked_files::CheckedFiles;
use crate::cli::findings::read_files::ReadFiles;
use crate::cli::findings::{read_files, report, text};
use crate::cli::global::{Global, OutputFormat};
use crate::cli::influence::session::{influence, influence_of};
use crate::cli::outcome::CommandOutcome;
use crate::cli::{lint, progress, projects, resident};
use hoplens_analysis::{CaseQuery, InfluenceMethod, PromptSource, RepairSelection, case_queries};
use hoplens_ide::{Diagnostic, Snapshot, diagnostics};
use hoplens_runtime::Model;
use hoplens_workspace::Allowance;

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
    /// Measure which sentences matter, too (see `hoplens influence`); it takes a pass over the
    /// prompt for each sentence and case.
    #[arg(long)]
    influence: bool,
    #[command(flatten)]
    extent: ExtentArgs,
}

/// How much of the analysis is done.
#[derive(Debug, clap::Args)]
struct ExtentArgs {
    /// Do not guess hops in prompts that declare none.
    #[arg(long)]
    declared_only: bool,
    /// Report only what needs no model, like `hoplens lint`.
    #[arg(long = "static", conflicts_with_all = ["baseline", "update", "tolerance"])]
    without_model: bool,
    /// Measure the verdicts only: no repairs, and no guesses about undeclared hops.
    #[arg(long)]
    no_repairs: bool,
}

pub(super) fn run(args: &CheckArgs, global: &Global) -> Result<CommandOutcome, CliError> {
    if args.extent.without_model {
        return lint::lint(&args.paths, global);
    }
    let project = &global.project;
    let files = read_files::find(&args.paths, global)?;
    projects::print_hints(files.iter().map(PathBuf::as_path));
    let tolerance = Tolerance::new(if args.tolerance.is_empty() {
        &project.check.tolerance
    } else {
        &args.tolerance
    });
    let (model, ReadFiles { read, refused }) = read(&files, global)?;
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
        progress::step(at + 1, total, &snapshot.name);
        let mut settings = projects::settings(&snapshot.name, global)?;
        settings.declared_only |= args.extent.declared_only || args.extent.no_repairs;
        let session = AnalysisSession {
            model: &model,
            settings: &settings,
            other_cases: &cases,
            number: at + 1,
            total,
        };
        let repairs = if args.extent.no_repairs {
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
    let checked = CheckedFiles {
        model: Some(&model.info),
        snapshots: &snapshots,
        found: &found,
        compared: compared.as_ref(),
        refused: refused.len(),
    };
    report::print(&checked, global)?;
    // All other files are reported.
    report::refused(refused)?;
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
    Ok(match compared {
        Some(compared) if compared.fails() => CommandOutcome::Findings,
        Some(_) => CommandOutcome::Clean,
        None => report::outcome(&found),
    })
}

/// Reads the files while the model loads. The analysis itself is sequential, because one pass
/// already uses all cores.
///
/// # Errors
/// The model cannot be loaded, after the findings that need none are printed as text, or no file
/// can be read.
fn read(files: &[PathBuf], global: &Global) -> Result<(Model, ReadFiles), CliError> {
    let (model, read) = rayon::join(|| resident::load(global), || read_files::read(files));
    let read = read?;
    let is_text = global.format() == OutputFormat::Text;
    if model.is_err() && is_text {
        let found: Vec<Vec<Diagnostic>> = read.read.iter().map(diagnostics).collect();
        lint::print_files(&read.read, &found)?;
    }
    Ok((model?, read))
}
