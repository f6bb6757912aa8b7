//! `hoplens eval`: runs the papers' experiment over a data set, and merges its shards.

mod files;
mod heatmap;
mod markdown;
mod report;
mod run;
mod run_args;
mod settings_args;
mod text;

use std::path::{Path, PathBuf};

use clap::Subcommand;

use crate::cli::error::CliError;
use crate::cli::eval::files::JOURNAL;
use crate::cli::eval::report::report;
use crate::cli::eval::run_args::RunArgs;
use crate::cli::eval::settings_args::SettingsArgs;
use crate::cli::global::Global;
use crate::cli::outcome::CommandOutcome;

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
    /// Merge the journals of all shards and write the results.
    Merge(MergeArgs),
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
    // This keeps the journal's lock until the results are written.
    let merged = hoplens_eval::merge(&parts, &journal)?;
    let outcome = hoplens_eval::summarise(&journal, &settings, None)?;
    report(&merged.header, &outcome, Some(&args.out), global)?;
    Ok(CommandOutcome::Clean)
}

/// Returns the journal of a folder, or the path itself if it is no folder.
fn journal_of(path: &Path) -> PathBuf {
    if path.is_dir() {
        path.join(JOURNAL)
    } else {
        path.into()
    }
}
