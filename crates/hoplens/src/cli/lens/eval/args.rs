//! The flags of `hoplens lens eval`.

use std::path::PathBuf;

use crate::cli::lens::text::TextArgs;

#[derive(Debug, clap::Args)]
pub(in crate::cli::lens) struct LensEvalArgs {
    /// The lens file.
    #[arg(long, value_name = "FILE", default_value = "lens.safetensors")]
    pub(in crate::cli::lens) lens: PathBuf,
    #[command(flatten)]
    pub(in crate::cli::lens) text: TextArgs,
    /// Number of the model's likeliest tokens to look for among those of the lens.
    #[arg(long, value_name = "K", default_value_t = 10)]
    pub(in crate::cli::lens) top: usize,
    /// Read each head with the lens of the same head this many layers above (negative: below).
    #[arg(
        long,
        value_name = "LAYERS",
        default_value_t = 0,
        allow_hyphen_values = true
    )]
    pub(in crate::cli::lens) shift: isize,
    /// Accept a lens of another model with the same width and vocabulary, to see how well it
    /// transfers.
    #[arg(long)]
    pub(in crate::cli::lens) other_model: bool,
    /// Compare it with this lens file, or with `unembed`, instead of with the model: how often the
    /// two disagree about a head.
    #[arg(long, value_name = "FILE|unembed", conflicts_with_all = ["shift", "plot"])]
    pub(in crate::cli::lens) against: Option<PathBuf>,
    /// Draw KL by layer into this file (SVG).
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli::lens) plot: Option<PathBuf>,
}
