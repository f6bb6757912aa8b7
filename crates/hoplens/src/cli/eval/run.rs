//! `hoplens eval`: runs an experiment, or one of its shards.

use std::collections::HashSet;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use crate::cli::error::CliError;
use crate::cli::eval::files;
use crate::cli::eval::files::JOURNAL;
use crate::cli::eval::report::report;
use crate::cli::eval::run_args::RunArgs;
use crate::cli::global::{Global, OutputFormat};
use crate::cli::grid::ScopeArg;
use crate::cli::outcome::CommandOutcome;
use crate::cli::{json, progress, resident};
use hoplens_eval::{
    ControlPlan, DataSet, Experiment, ExperimentRun, FORM, Journal, JournalHeader, JournalLine,
    Memories, ScopeKind, SummarySettings, WordChoice,
};
use hoplens_interp::ModelContext;
use hoplens_runtime::{CancelToken, Model};

/// Measures the rows that the journal lacks, then prints and writes the results.
pub(super) fn run(args: &RunArgs, global: &Global) -> Result<CommandOutcome, CliError> {
    let settings = args.settings.settings()?;
    if args.shard.is_some() && args.out.is_none() {
        return Err(usage(
            "--shard",
            "needs --out: a shard's journal is what `hoplens eval merge` reads",
        ));
    }
    let choice = word_choice(args)?;
    // clap refuses a command without --data, so the default is never used.
    let data = DataSet::open(args.data.as_deref().unwrap_or(Path::new("")))?;
    let mut experiment = experiment(args, global, &data, choice.as_ref())?;
    let model = resident::load(global)?;
    if args.grid.layers()?.is_none() {
        experiment.layers = (0..model.info.layers).collect();
    }
    experiment.model.clone_from(&model.info.sha256);
    hoplens_eval::check_rows(&model, &data, &experiment, choice.as_ref(), args.shard)?;
    if 0 < args.control && choice.is_none() && args.shard.is_none() {
        check_control(&model, &data, args)?;
    }
    let header = JournalHeader {
        hoplens_eval: FORM,
        experiment,
        shard: args.shard,
        model: model.info.clone(),
    };
    // Without --out, the journal exists only during the run.
    let temporary;
    let folder = if let Some(folder) = &args.out {
        files::make(folder)?;
        folder.as_path()
    } else {
        temporary = tempfile::tempdir().map_err(|source| CliError::System {
            what: "cannot make a temporary folder",
            source,
        })?;
        temporary.path()
    };
    let path = folder.join(JOURNAL);
    let mut journal = Journal::open(&path, &header)?;
    let measurement = Measurement {
        model: &model,
        data: &data,
        header: &header,
        choice: choice.as_ref(),
    };
    measurement.measure_rows(&mut journal)?;
    // The rows were read from the file several times. If its digest has changed since the start,
    // the measured rows may belong to different data.
    if DataSet::open(&data.path)? != data {
        let reason = "changed while it was measured. Run the experiment anew, in another folder, with a file that stays as it is.".into();
        let path = data.path;
        return Err(hoplens_eval::EvalError::Data { path, reason }.into());
    }
    if let Some(shard) = args.shard {
        return report_shard(&header, shard, &journal, folder, global);
    }
    let outcome = measurement.outcome(&mut journal, &path, &settings, args)?;
    report(&header, &outcome, args.out.as_deref(), global)?;
    Ok(CommandOutcome::Clean)
}

/// Checks that the lists have `--control` random memories for every row.
fn check_control(model: &Model, data: &DataSet, args: &RunArgs) -> Result<(), CliError> {
    let available = hoplens_eval::most_random(model, data, args.control, args.settings.seed)?;
    if available < args.control {
        let requested = args.control;
        let reason = format!(
            "the lists have {available} random memories for every row, not {requested}; give {available} or less"
        );
        return Err(usage("--control", &reason));
    }
    Ok(())
}

/// Returns the error for a flag that is missing, wrong or does not fit the others.
fn usage(flag: &'static str, reason: &str) -> CliError {
    CliError::Usage {
        flag,
        reason: reason.into(),
    }
}

/// Returns the list that `--memories` selects, with the number of words for each prompt; `None`
/// without the flag.
fn word_choice(args: &RunArgs) -> Result<Option<WordChoice>, CliError> {
    let Some(name) = &args.memories else {
        return Ok(None);
    };
    if args.words == 0 {
        return Err(usage(
            "--words",
            "a prompt without a memory says nothing; give 1 or more",
        ));
    }
    Ok(Some(WordChoice {
        words: hoplens_eval::read_list(name)?,
        per_prompt: args.words,
        seed: args.settings.seed,
    }))
}

/// Returns the experiment that the flags describe. The caller adds the model's digest and, without
/// `--layers`, the layers: both need the model.
fn experiment(
    args: &RunArgs,
    global: &Global,
    data: &DataSet,
    choice: Option<&WordChoice>,
) -> Result<Experiment, CliError> {
    let grid = &args.grid;
    let memories = match (choice, &args.memories) {
        (Some(choice), Some(name)) => choice.memories(name),
        _ => Memories::ExplicitEntity,
    };
    let scope = |scope: &ScopeArg| match scope {
        ScopeArg::All => ScopeKind::All,
        ScopeArg::Last => ScopeKind::Last,
        ScopeArg::Span => ScopeKind::Span,
    };
    Ok(Experiment {
        hoplens: env!("CARGO_PKG_VERSION").into(),
        model: String::new(),
        data: data.sha256.clone(),
        rows: data.rows,
        bos: global.bos(),
        encodings: distinct(grid.encoding.iter().map(Into::into)),
        scopes: distinct(grid.scope.iter().map(scope)),
        layers: distinct(grid.layers()?.into_iter().flatten()),
        taus: distinct(grid.taus()?.into_iter()),
        memories,
    })
}

/// Removes repeated values, so that no cell is measured twice.
fn distinct<T: PartialEq>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut distinct = Vec::new();
    for value in values {
        if !distinct.contains(&value) {
            distinct.push(value);
        }
    }
    distinct
}

/// What the rows of an experiment are measured with.
struct Measurement<'a> {
    model: &'a Model,
    data: &'a DataSet,
    header: &'a JournalHeader,
    /// The list of `--memories`; `None` if each row's bridge is the memory.
    choice: Option<&'a WordChoice>,
}

impl Measurement<'_> {
    /// Measures the rows of the experiment, or of its shard, that the journal lacks.
    fn measure_rows(&self, journal: &mut Journal) -> Result<(), CliError> {
        let experiment = &self.header.experiment;
        let cancel = CancelToken::new();
        let run = ExperimentRun {
            context: ModelContext::new(self.model, &cancel),
            experiment,
            choice: self.choice,
        };
        let is_in_shard = |row| self.header.shard.is_none_or(|shard| shard.contains(row));
        let rows = (0..experiment.rows).filter(|row| is_in_shard(*row)).count();
        let cells = experiment.cells() * experiment.memories_per_row();
        let missing = rows - journal.done.len();
        let bar = progress::bar(missing * cells, "cells");
        let start = Instant::now();
        let mut finished = 0;
        if 0 < missing && missing < rows {
            let present = rows - missing;
            let note = format!("resuming: {present} of {rows} rows are already measured");
            progress::note(&bar, &note);
        }
        for example in self.data.examples()? {
            let example = example?;
            if !is_in_shard(example.row) || journal.done.contains(&example.row) {
                continue;
            }
            bar.set_message(format!("row {}", example.row));
            let progress = &mut |done| bar.set_position((finished * cells + done) as u64);
            let record = hoplens_eval::measure_row(run, &example, progress)
                .map_err(|error| self.data.in_row(&example, &error))?;
            journal.add(&JournalLine::Row(record))?;
            finished += 1;
            progress::log(&bar, finished, missing, "rows");
        }
        bar.finish_and_clear();
        let seconds = start.elapsed().as_secs_f64();
        if 0 < finished {
            tracing::info!(
                "{} cells of {finished} rows in {seconds:.1} s: {:.0} cells/s",
                finished * cells,
                (finished * cells) as f64 / seconds
            );
        }
        Ok(())
    }

    /// Summarises the journal and measures the control of the default cells and the best cells.
    fn outcome(
        &self,
        journal: &mut Journal,
        path: &Path,
        settings: &SummarySettings,
        args: &RunArgs,
    ) -> Result<hoplens_eval::ExperimentOutcome, CliError> {
        let outcome = hoplens_eval::summarise(path, settings, None)?;
        if args.control == 0 || self.choice.is_some() {
            return Ok(outcome);
        }
        let plan = ControlPlan {
            memories: args.control,
            seed: settings.seed,
            grid_cells: outcome.notable(),
        };
        // If every cell overflowed for some row, there is no best cell to compare.
        if plan.grid_cells.is_empty() {
            return Ok(outcome);
        }
        let measured = journal.controls.iter().filter(|record| record.plan == plan);
        let measured: HashSet<usize> = measured.map(|record| record.row).collect();
        let bar = progress::bar(self.data.rows - measured.len(), "control");
        for example in self.data.examples()? {
            let example = example?;
            if measured.contains(&example.row) {
                continue;
            }
            let experiment = &self.header.experiment;
            let cancel = CancelToken::new();
            let context = ModelContext::new(self.model, &cancel);
            let record = hoplens_eval::measure_control(context, experiment, &example, &plan)
                .map_err(|error| self.data.in_row(&example, &error))?;
            journal.add(&JournalLine::Control(record))?;
            bar.inc(1);
        }
        bar.finish_and_clear();
        Ok(hoplens_eval::summarise(path, settings, Some(&plan))?)
    }
}

/// The JSON output of a shard.
#[derive(serde::Serialize)]
struct ShardReport<'a> {
    experiment: &'a Experiment,
    shard: hoplens_eval::RowShard,
    finished_rows: usize,
}

/// Prints the number of measured rows and how to merge the shards.
fn report_shard(
    header: &JournalHeader,
    shard: hoplens_eval::RowShard,
    journal: &Journal,
    folder: &Path,
    global: &Global,
) -> Result<CommandOutcome, CliError> {
    let out = &mut anstream::stdout().lock();
    if global.format() == OutputFormat::Json {
        let report = ShardReport {
            experiment: &header.experiment,
            shard,
            finished_rows: journal.done.len(),
        };
        json::print(out, Some(&header.model), report)?;
    } else {
        writeln!(
            out,
            "shard {shard}: {} rows measured, in {}. When all shards are: hoplens eval merge DIR… --out DIR",
            journal.done.len(),
            folder.join(JOURNAL).display()
        )?;
    }
    Ok(CommandOutcome::Clean)
}
