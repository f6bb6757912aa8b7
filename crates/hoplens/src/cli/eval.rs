//! `hoplens eval`: the papers' experiment over a data set, and shards of it put together.

mod files;
mod heatmap;
mod markdown;
mod run;
mod text;

use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};

use crate::cli::error::CliError;
use crate::cli::global::{Global, OutputFormat};
use crate::cli::grid::GridArgs;
use crate::cli::json;
use crate::cli::outcome::CommandOutcome;
use hoplens_eval::{Criterion, JournalHeader, RowShard, SummarySettings};
use hoplens_runtime::ModelInfo;

/// The journal's name in the folder of a run.
const JOURNAL: &str = "journal.jsonl";

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(super) struct EvalArgs {
    #[command(subcommand)]
    command: Option<EvalCommand>,
    #[command(flatten)]
    run: RunArgs,
}

#[derive(Debug, Subcommand)]
enum EvalCommand {
    /// Put the journals of all shards together, and write the results.
    Merge(MergeArgs),
}

#[derive(Debug, clap::Args)]
#[command(
    mut_arg("encoding", |arg| arg.default_value("embed,unembed,layerwise")),
    mut_arg("scope", |arg| {
        arg.help("Positions that are changed; `span` is the row's obscure entity")
    })
)]
struct RunArgs {
    /// The data set: a CSV file with the columns `explicit_sentence`, `obscure_sentence`,
    /// `explicit_entity`, `obscure_entity` and `answer`.
    #[arg(long, value_name = "CSV", required = true)]
    data: Option<PathBuf>,
    #[command(flatten)]
    grid: GridArgs,
    /// Inject words instead of each row's explicit entity: nouns, verbs, adjectives, adverbs,
    /// conjunctions, entities, random (all of these), or a file with one memory to a line.
    #[arg(long, value_name = "LIST|FILE")]
    memories: Option<String>,
    /// How many words of --memories each prompt gets.
    #[arg(
        long,
        value_name = "N",
        requires = "memories",
        default_value_t = hoplens_eval::WORDS_PER_PROMPT
    )]
    words: usize,
    /// Random memories a row for the control of the best cells; 0 for none.
    #[arg(long, value_name = "N", default_value_t = 20)]
    control: usize,
    /// Measure every N-th row only, from the I-th on: 1/4, 2/4, … ; needs --out.
    #[arg(long, value_name = "I/N")]
    shard: Option<RowShard>,
    /// Folder for the journal, from which a run that was stopped goes on, and for the results.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    settings: SettingsArgs,
}

#[derive(Debug, clap::Args)]
struct MergeArgs {
    /// The folders of the shards, or their journals.
    #[arg(required = true)]
    parts: Vec<PathBuf>,
    /// Folder for the whole journal and the results.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    settings: SettingsArgs,
}

#[derive(Debug, clap::Args)]
struct SettingsArgs {
    /// Parts of the rows that a default cell is held out from in turn.
    #[arg(long, value_name = "K", default_value_t = 5)]
    folds: usize,
    /// What the default cell is chosen by.
    #[arg(long, value_enum, default_value_t = FitArg::Geo)]
    fit: FitArg,
    /// Decides which rows are in which fold, and which words are drawn.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FitArg {
    Geo,
    Median,
}

impl SettingsArgs {
    fn settings(&self) -> Result<SummarySettings, CliError> {
        if self.folds < 2 {
            return Err(CliError::Usage {
                flag: "--folds",
                reason: "a cell is chosen on some folds and measured on another: give 2 or more"
                    .into(),
            });
        }
        Ok(SummarySettings {
            folds: self.folds,
            seed: self.seed,
            criterion: match self.fit {
                FitArg::Geo => Criterion::Geo,
                FitArg::Median => Criterion::Median,
            },
            ..SummarySettings::default()
        })
    }
}

pub(super) fn run(args: &EvalArgs, global: &Global) -> Result<CommandOutcome, CliError> {
    match &args.command {
        Some(EvalCommand::Merge(args)) => merge(args, global),
        None => run::run(&args.run, global),
    }
}

fn merge(args: &MergeArgs, global: &Global) -> Result<CommandOutcome, CliError> {
    let settings = args.settings.settings()?;
    let parts: Vec<PathBuf> = args.parts.iter().map(|path| journal_of(path)).collect();
    files::make(&args.out)?;
    let journal = args.out.join(JOURNAL);
    // Held until the results are written too.
    let merged = hoplens_eval::merge(&parts, &journal)?;
    let outcome = hoplens_eval::summarise(&journal, &settings, None)?;
    report(&merged.header, &outcome, Some(&args.out), global)?;
    Ok(CommandOutcome::Clean)
}

/// The journal of a folder, or the file itself.
fn journal_of(path: &Path) -> PathBuf {
    if path.is_dir() {
        path.join(JOURNAL)
    } else {
        path.into()
    }
}

/// The result of a whole run: its files, and what stands on standard output.
fn report(
    header: &JournalHeader,
    outcome: &hoplens_eval::ExperimentOutcome,
    folder: Option<&Path>,
    global: &Global,
) -> Result<(), CliError> {
    let model: &ModelInfo = &header.model;
    if let Some(folder) = folder {
        files::write_all(folder, model, outcome)?;
    }
    let out = &mut anstream::stdout().lock();
    if global.format() == OutputFormat::Json {
        json::print(out, Some(model), outcome)?;
    } else {
        text::print(out, model, outcome, folder)?;
    }
    Ok(())
}
