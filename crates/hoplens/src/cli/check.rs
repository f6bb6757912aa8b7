//! `hoplens check`: analyses prompt files and reports the findings.

pub(super) mod lock;

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use clap::builder::RangedU64ValueParser;

use crate::cli::analysis_session::AnalysisSession;
use crate::cli::check::lock::Lock;
use crate::cli::check::lock::compare::{Comparison, Tolerance};
use crate::cli::error::CliError;
use crate::cli::findings::checked_files::CheckedFiles;
use crate::cli::findings::partials::{is_partial, lint_findings};
use crate::cli::findings::read_files::ReadFiles;
use crate::cli::findings::{read_files, report, text};
use crate::cli::global::{Global, OutputFormat};
use crate::cli::influence::session::{influence, influence_of};
use crate::cli::outcome::CommandOutcome;
use crate::cli::{lint, progress, projects, resident};
use hoplens_analysis::{
    AnalysisSettings, CaseQuery, InfluenceMethod, PromptSource, RepairSelection, case_queries,
};
use hoplens_ide::{Diagnostic, Snapshot, diagnostics};
use hoplens_runtime::Model;
use hoplens_workspace::{Allowance, MAX_REPLY_SAMPLES, MAX_REPLY_TOKENS};

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
    /// How many replies to sample, beside the likeliest one, where a case looks for its answer in
    /// them [default: 4].
    #[arg(
        long,
        value_name = "N",
        value_parser = RangedU64ValueParser::<usize>::new().range(..=MAX_REPLY_SAMPLES as u64)
    )]
    reply_samples: Option<usize>,
    /// The most tokens of such a reply [default: 64].
    #[arg(
        long,
        value_name = "N",
        value_parser = RangedU64ValueParser::<usize>::new().range(1..=MAX_REPLY_TOKENS as u64)
    )]
    reply_tokens: Option<usize>,
}

impl ExtentArgs {
    /// Overrides the settings of a file.
    fn apply(&self, settings: &mut AnalysisSettings) {
        settings.declared_only |= self.declared_only || self.no_repairs;
        let replies = &mut settings.replies;
        replies.samples = self.reply_samples.unwrap_or(replies.samples);
        replies.tokens = self.reply_tokens.unwrap_or(replies.tokens);
    }
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
    let prompts = read.iter().filter(|snapshot| !is_partial(snapshot));
    let cases: Arc<[CaseQuery]> = prompts.flat_map(cases).collect();
    let (mut snapshots, mut found) = (Vec::new(), Vec::new());
    let total = read.len();
    let batch = CheckBatch {
        model: &model,
        cases: &cases,
        total,
    };
    for (at, snapshot) in read.into_iter().enumerate() {
        progress::step(at + 1, total, &snapshot.name);
        let (snapshot, of_file) = if is_partial(&snapshot) {
            // Only the prompts that include it say what a model reads.
            let of_file = lint_findings(&snapshot);
            (snapshot, of_file)
        } else {
            batch.analyse(snapshot, at + 1, args, global)?
        };
        if let (Some(lock), Some(path), Some(compared)) = (&lock, &lock_path, &mut compared) {
            lock.compare(path, &snapshot, &of_file, tolerance, compared);
        }
        if is_text {
            // Print file by file, so that the first result appears while the others are analysed.
            print_file(&snapshot, &of_file, compared.as_ref())?;
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

/// The files of one command.
struct CheckBatch<'a> {
    model: &'a Model,
    /// The cases of all files.
    cases: &'a Arc<[CaseQuery]>,
    /// The number of files.
    total: usize,
}

impl CheckBatch<'_> {
    /// Analyses a file, which has this number from 1, and returns it with its findings.
    fn analyse(
        &self,
        snapshot: Snapshot,
        number: usize,
        args: &CheckArgs,
        global: &Global,
    ) -> Result<(Snapshot, Vec<Diagnostic>), CliError> {
        let mut settings = projects::settings(&snapshot.name, global)?;
        args.extent.apply(&mut settings);
        let session = AnalysisSession {
            model: self.model,
            settings: &settings,
            other_cases: self.cases,
            number,
            total: self.total,
        };
        let repairs = if args.extent.no_repairs {
            RepairSelection::None
        } else {
            RepairSelection::All
        };
        let mut snapshot = session.analyse(snapshot, repairs)?;
        if args.influence {
            let request = influence_of(&snapshot, InfluenceMethod::Remove);
            let measured = influence(request, self.model, &settings, &snapshot.name)?;
            snapshot.influence = Some(measured);
        }
        let found = diagnostics(&snapshot);
        Ok((snapshot, found))
    }
}

/// Prints a file with its findings as text.
fn print_file(
    snapshot: &Snapshot,
    found: &[Diagnostic],
    compared: Option<&Comparison>,
) -> Result<(), CliError> {
    let out = &mut anstream::stdout().lock();
    text::file(out, snapshot, found, compared)?;
    out.flush()?;
    Ok(())
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
        let found: Vec<Vec<Diagnostic>> = read.read.iter().map(lint_findings).collect();
        lint::print_files(&read.read, &found)?;
    }
    Ok((model?, read))
}
