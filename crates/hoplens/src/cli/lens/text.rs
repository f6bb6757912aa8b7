//! The text that lenses are trained and evaluated on.

use std::path::{Path, PathBuf};

use crate::cli::error::CliError;
use crate::cli::{progress, prompt_files, write};
use hoplens_interp::ModelContext;
use hoplens_interp::lens::{LensText, SampleOptions, SampleStart, TextSource, cut, sample};
use hoplens_runtime::{CancelToken, Model};

#[derive(Debug, clap::Args)]
pub(super) struct TextArgs {
    /// Text files to read; by default, text is sampled from the model itself.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub(super) text: Vec<PathBuf>,
    /// Sequences to sample from the model; by default 1024 for training and 8 for evaluation.
    #[arg(long, value_name = "N", conflicts_with = "text")]
    pub(super) sample: Option<usize>,
    /// Most tokens of a sequence.
    #[arg(long, value_name = "N", default_value_t = 128)]
    pub(super) length: usize,
    /// Seed of the random numbers: the same seed gives the same result on the same machine.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) seed: u64,
}

/// Added to the seed of text that lenses are evaluated on, so that it differs from the text that
/// they were trained on.
const OTHER_SEED: u64 = 0x0068_656c_646f_7574;
/// How many sequences are sampled for training.
const TO_TRAIN: usize = 1024;
/// How many sequences are sampled for evaluation. Every head is read at every position of them over
/// the whole vocabulary.
const TO_HOLD: usize = 8;

impl TextArgs {
    fn drawn(&self, default: usize) -> usize {
        self.sample.unwrap_or(default)
    }
}

/// Returns the text of a training. Text that was sampled for a stopped training is read from
/// `kept`.
pub(super) fn of_training(
    args: &TextArgs,
    model: &Model,
    kept: &Path,
    cancel: &CancelToken,
) -> Result<LensText, CliError> {
    if !args.text.is_empty() {
        return of(args, TO_TRAIN, model, args.seed, cancel);
    }
    if let Some(text) = read_kept(args, model, kept) {
        return Ok(text);
    }
    let text = of(args, TO_TRAIN, model, args.seed, cancel)?;
    let lines: Vec<String> = text
        .sequences
        .iter()
        .map(|sequence| {
            let ids: Vec<String> = sequence.iter().map(ToString::to_string).collect();
            ids.join(" ")
        })
        .collect();
    let whole = format!("{}\n{}\n", heading(args, model), lines.join("\n"));
    write::whole(kept, whole.as_bytes())?;
    Ok(text)
}

/// Returns the heading of sampled text. Equal headings mean equal text.
fn heading(args: &TextArgs, model: &Model) -> String {
    format!(
        "sampled {} {} {} {}",
        model.info.sha256,
        args.drawn(TO_TRAIN),
        args.length,
        args.seed
    )
}

/// Reads text that was sampled with the same flags before, if it is complete.
fn read_kept(args: &TextArgs, model: &Model, kept: &Path) -> Option<LensText> {
    let text = std::fs::read_to_string(kept).ok()?;
    let (first, rest) = text.split_once('\n')?;
    if first != heading(args, model) {
        return None;
    }
    let known = |id: &u32| (*id as usize) < model.config().vocab;
    let sequence = |line: &str| {
        let ids: Result<Vec<u32>, _> = line.split(' ').map(str::parse).collect();
        ids.ok().filter(|ids| ids.iter().all(known))
    };
    let sequences: Option<Vec<Vec<u32>>> = rest.lines().map(sequence).collect();
    sequences
        .filter(|sequences| sequences.len() == args.drawn(TO_TRAIN))
        .map(|sequences| LensText {
            sequences,
            source: TextSource::Sampled,
        })
}

/// Returns text for evaluation, which a lens was not trained on.
pub(super) fn to_hold(args: &TextArgs, model: &Model) -> Result<LensText, CliError> {
    let seed = args.seed.wrapping_add(OTHER_SEED);
    of(args, TO_HOLD, model, seed, &CancelToken::new())
}

/// Returns the text that the flags name. Sampled text has `count` sequences unless the flags set
/// the number.
fn of(
    args: &TextArgs,
    count: usize,
    model: &Model,
    seed: u64,
    cancel: &CancelToken,
) -> Result<LensText, CliError> {
    if args.length < 2 {
        return Err(CliError::Usage {
            flag: "--length",
            reason: "a sequence of one token has no next token; give 2 or more".into(),
        });
    }
    if args.text.is_empty() {
        let count = args.drawn(count);
        if count == 0 {
            return Err(CliError::Usage {
                flag: "--sample",
                reason: "no text would be drawn; give 2 or more".into(),
            });
        }
        let bar = progress::bar(count, "Drawing text from the model");
        let options = SampleOptions {
            count,
            length: args.length,
            seed,
            start: SampleStart::Word,
            top_p: None,
        };
        let context = ModelContext::new(model, cancel);
        let text = sample(context, options, &mut |done| {
            bar.set_position(done as u64);
            progress::log(&bar, done, count, "sequences drawn");
        })?;
        bar.finish_and_clear();
        return Ok(text);
    }
    let texts: Result<Vec<String>, CliError> = args
        .text
        .iter()
        .map(|path| prompt_files::read(path))
        .collect();
    Ok(cut(model, &texts?, args.length))
}
