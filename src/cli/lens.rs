//! `hoplens lens`: read-outs of attention heads.

mod curve;
mod text;
mod train;

use clap::Subcommand;

use super::Outcome;
use super::error::CliError;
use super::global::Global;

#[derive(Debug, clap::Args)]
pub(super) struct LensArgs {
    #[command(subcommand)]
    command: LensCommand,
}

#[derive(Debug, Subcommand)]
enum LensCommand {
    /// Train a lens for heads of a model.
    Train(train::TrainArgs),
}

pub(super) fn run(args: &LensArgs, global: &Global) -> Result<Outcome, CliError> {
    match &args.command {
        LensCommand::Train(args) => train::run(args, global),
    }
}
