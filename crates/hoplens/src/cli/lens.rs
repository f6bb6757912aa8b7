//! `hoplens lens`: reads attention heads, and makes the lenses that read them.

mod chart;
mod curve;
mod eval;
mod fit;
mod heads_query;
mod jacobian_file;
mod map;
mod print;
mod read;
mod read_args;
mod text;
mod train;
mod words;

use clap::Subcommand;

use crate::cli::error::CliError;
use crate::cli::global::Global;
use crate::cli::outcome::CommandOutcome;

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(super) struct LensArgs {
    #[command(subcommand)]
    command: Option<LensCommand>,
    #[command(flatten)]
    read: read_args::ReadArgs,
}

#[derive(Debug, Subcommand)]
enum LensCommand {
    /// Train a lens for heads of a model.
    Train(train::TrainArgs),
    /// Fit the Jacobian lens of a model: what the residual stream makes it say.
    Fit(fit::FitArgs),
    /// Evaluate a lens on text that it was not trained on, beside the unembed lens.
    Eval(eval::args::LensEvalArgs),
}

pub(super) fn run(args: &LensArgs, global: &Global) -> Result<CommandOutcome, CliError> {
    match &args.command {
        Some(LensCommand::Train(args)) => train::run(args, global),
        Some(LensCommand::Fit(args)) => fit::run(args, global),
        Some(LensCommand::Eval(args)) => eval::run(args, global),
        None => read::run(&args.read, global),
    }
}
