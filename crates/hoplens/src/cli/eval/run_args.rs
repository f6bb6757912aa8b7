//! The flags of a run.

use std::path::PathBuf;

use crate::cli::eval::settings_args::SettingsArgs;
use crate::cli::grid::GridArgs;
use hoplens_eval::RowShard;

#[derive(Debug, clap::Args)]
#[command(
    mut_arg("encoding", |arg| arg.default_value("embed,unembed,layerwise")),
    mut_arg("scope", |arg| {
        arg.help("Positions that are changed; `span` is the row's obscure entity")
    })
)]
pub(in crate::cli::eval) struct RunArgs {
    /// The data set: a CSV file with the columns `explicit_sentence`, `obscure_sentence`,
    /// `explicit_entity`, `obscure_entity` and `answer`.
    #[arg(long, value_name = "CSV", required = true)]
    pub(in crate::cli::eval) data: Option<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli::eval) grid: GridArgs,
    /// Inject words instead of each row's explicit entity: nouns, verbs, adjectives, adverbs,
    /// conjunctions, entities, random (all of these), or a file with one memory per line.
    #[arg(long, value_name = "LIST|FILE")]
    pub(in crate::cli::eval) memories: Option<String>,
    /// Number of words from --memories that each prompt gets.
    #[arg(
        long,
        value_name = "N",
        requires = "memories",
        default_value_t = hoplens_eval::WORDS_PER_PROMPT
    )]
    pub(in crate::cli::eval) words: usize,
    /// Random memories per row for the control of the best cells; 0 for none.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(in crate::cli::eval) control: usize,
    /// Measure only every N-th row, starting with the I-th: 1/4, 2/4, …; needs --out.
    #[arg(long, value_name = "I/N")]
    pub(in crate::cli::eval) shard: Option<RowShard>,
    /// Folder for the results and for the journal, from which an interrupted run continues.
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli::eval) out: Option<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli::eval) settings: SettingsArgs,
}
