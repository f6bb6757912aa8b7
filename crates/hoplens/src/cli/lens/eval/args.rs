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
    /// Likeliest tokens of the model that are looked for among the lens' likeliest.
    #[arg(long, value_name = "K", default_value_t = 10)]
    pub(in crate::cli::lens) top: usize,
    /// Read each head with the lens of the same head so many layers above (or, negative, below).
    #[arg(
        long,
        value_name = "LAYERS",
        default_value_t = 0,
        allow_hyphen_values = true
    )]
    pub(in crate::cli::lens) shift: isize,
    /// Allow a lens of another model of the same width and vocabulary, to see how it carries over.
    #[arg(long)]
    pub(in crate::cli::lens) other_model: bool,
    /// Hold it to this lens file, or to `unembed`, instead of to the model: how often the two say
    /// something else of the same head.
    #[arg(long, value_name = "FILE|unembed", conflicts_with_all = ["shift", "plot"])]
    pub(in crate::cli::lens) against: Option<PathBuf>,
    /// Draw KL by layer into this file (SVG).
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli::lens) plot: Option<PathBuf>,
}
