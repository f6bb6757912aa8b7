//! The flags of `hoplens lens FILE`.

use std::path::PathBuf;

use clap::ValueEnum;

#[derive(Debug, clap::Args)]
pub(super) struct ReadArgs {
    /// A prompt file, or its sidecar: its case's prompt, answer and bridge, its injections in
    /// force.
    #[arg(required_unless_present = "prompt")]
    pub(super) file: Option<PathBuf>,
    /// This case of the file, by its id or as #1, #2, …; the first one if not given.
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
    /// The answer that heads are measured by; the file's or the model's own next token if not
    /// given.
    #[arg(long, short)]
    pub(super) expect: Option<String>,
    /// Words of the prompt that stand for --bridge; a file names them itself.
    #[arg(long, value_name = "TEXT", requires_all = ["prompt", "bridge"])]
    pub(super) mention: Option<String>,
    /// What the mention stands for: shows which heads speak it, as written and where it is named.
    #[arg(long, value_name = "TEXT")]
    pub(super) bridge: Option<String>,
    /// Words, with commas between them, or a file with one a line: shows which heads speak them.
    #[arg(long, value_name = "WORDS|FILE")]
    pub(super) words: Option<String>,
    /// Look for --words at every token up to this one, not at this one alone.
    #[arg(long, requires = "words")]
    pub(super) anywhere: bool,
    /// How the words that a head retrieves are read: by the output head alone, or by a trained
    /// lens, which --lens-file names.
    #[arg(long, value_enum, default_value_t = LensArg::Unembed)]
    pub(super) lens: LensArg,
    /// The trained lens.
    #[arg(long, value_name = "FILE", default_value = "lens.safetensors")]
    pub(super) lens_file: PathBuf,
    /// How heads are silenced to see what they are worth: exactly, or estimated to first order.
    #[arg(long, value_enum, default_value_t = AblateArg::Zero)]
    pub(super) ablate: AblateArg,
    /// Words a head.
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(super) top: usize,
    /// Heads that the text names; JSON and the page have all.
    #[arg(long, value_name = "N", default_value_t = 12)]
    pub(super) strongest: usize,
    /// What the map of layers × heads shows; of what was asked for if not given.
    #[arg(long, value_enum)]
    pub(super) map: Option<MapArg>,
    /// Write a page to click through, for a browser.
    #[arg(long, value_name = "FILE")]
    pub(super) page: Option<PathBuf>,
    /// Open the page in a browser; without --page as a file of the system's temporary folder.
    #[arg(long)]
    pub(super) open: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum LensArg {
    Unembed,
    Trained,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum AblateArg {
    /// z becomes zero at all positions.
    Zero,
    /// z becomes its mean over the prompt's positions.
    Mean,
    /// As zero, to first order: fast, and often far off.
    Estimate,
    /// Not at all.
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum MapArg {
    /// What silencing a head changes.
    Ablation,
    /// What it adds to the answer's logit.
    Logit,
    /// How high it ranks the bridge in the prompt as written.
    Bridge,
    /// … and where the bridge is named.
    BridgeNamed,
    /// How much higher as written than where it is named.
    BridgeDifference,
    /// How high it ranks one of --words.
    Words,
}
