//! The flags of `hoplens lens FILE`.

use std::path::PathBuf;

use clap::ValueEnum;

#[derive(Debug, clap::Args)]
pub(super) struct ReadArgs {
    /// A prompt file, or its sidecar: reads the case's prompt, answer and bridge, with its
    /// injections.
    #[arg(required_unless_present = "prompt")]
    pub(super) file: Option<PathBuf>,
    /// The case of the file, by its id or as #1, #2, …; the first one by default.
    #[arg(long, value_name = "ID", requires = "file")]
    pub(super) case: Option<String>,
    /// A prompt, exactly as the model should read it, instead of a file.
    #[arg(long, short, conflicts_with = "file")]
    pub(super) prompt: Option<String>,
    /// The token whose heads are read, from 0; -1 is the last one.
    #[arg(
        long,
        value_name = "K",
        default_value_t = -1,
        allow_negative_numbers = true
    )]
    pub(super) position: isize,
    /// The answer whose logit the heads are measured on; by default the file's, or the model's
    /// likeliest next token.
    #[arg(long, short)]
    pub(super) expect: Option<String>,
    /// The mention: the words of the prompt that refer to --bridge; a file declares it itself.
    #[arg(long, value_name = "TEXT", requires_all = ["prompt", "bridge"])]
    pub(super) mention: Option<String>,
    /// The bridge of the mention: shows which heads rank it high, in the prompt as written and with
    /// the bridge named.
    #[arg(long, value_name = "TEXT")]
    pub(super) bridge: Option<String>,
    /// Words separated by commas, or a file with one word per line: shows which heads rank them
    /// high.
    #[arg(long, value_name = "WORDS|FILE")]
    pub(super) words: Option<String>,
    /// Look for --words at every token up to this one.
    #[arg(long, requires = "words")]
    pub(super) anywhere: bool,
    /// How the words that a head retrieves are read: with the unembedding, with a trained lens, or
    /// with the model's Jacobian lens.
    #[arg(long, value_enum, default_value_t = LensArg::Unembed)]
    pub(super) lens: LensArg,
    /// The lens; by default lens.safetensors if it is a trained one, and what `hoplens lens fit`
    /// wrote if it is the Jacobian lens.
    #[arg(long, value_name = "FILE")]
    pub(super) lens_file: Option<PathBuf>,
    /// How heads are ablated to measure their effect: exactly, or estimated to first order.
    #[arg(long, value_enum, default_value_t = AblateArg::Zero)]
    pub(super) ablate: AblateArg,
    /// Words per head.
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(super) top: usize,
    /// Number of heads in the text output; JSON and the page list all of them.
    #[arg(long, value_name = "N", default_value_t = 12)]
    pub(super) strongest: usize,
    /// What the map of layers × heads shows; by default what the other flags ask for.
    #[arg(long, value_enum)]
    pub(super) map: Option<MapArg>,
    /// Write an interactive HTML page.
    #[arg(long, value_name = "FILE")]
    pub(super) page: Option<PathBuf>,
    /// Open the page in a browser; without --page, the page is a temporary file.
    #[arg(long)]
    pub(super) open: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum LensArg {
    Unembed,
    Trained,
    Jacobian,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum AblateArg {
    /// Zero ablation: z is set to zero at all positions.
    Zero,
    /// Mean ablation: z is replaced by its mean over the prompt's positions.
    Mean,
    /// First-order estimate of zero ablation: fast, and often inaccurate.
    Estimate,
    /// No ablation.
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum MapArg {
    /// The effect of ablating a head.
    Ablation,
    /// Direct logit attribution to the answer.
    Logit,
    /// Its rank of the bridge in the prompt as written.
    Bridge,
    /// Its rank of the bridge in the prompt with the bridge named.
    BridgeNamed,
    /// The difference of the two.
    BridgeDifference,
    /// Its best rank of one of --words.
    Words,
}
