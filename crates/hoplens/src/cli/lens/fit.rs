//! `hoplens lens fit`: fits the Jacobian lens of a model on this machine.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use serde::Serialize;

use crate::cli::error::CliError;
use crate::cli::global::{Global, OutputFormat};
use crate::cli::outcome::CommandOutcome;
use crate::cli::{interrupt, json, progress, prompt_files, resident, write};
use hoplens_interp::ModelContext;
use hoplens_interp::lens::jacobian::{
    DEFAULT_RANK, JacobianAbout, JacobianFit, JacobianLens, MIN_TOKENS,
};
use hoplens_interp::lens::{LensText, SampleOptions, SampleStart, cut, sample};
use hoplens_runtime::Model;
use hoplens_store::{checkpoint_path, jacobian_lens_path};

/// The share of the probability that samples are drawn from.
const TOP_P: f64 = 0.95;

/// Steps of the progress bar.
const PARTS: usize = 1000;

#[derive(Debug, clap::Args)]
pub(super) struct FitArgs {
    /// Number of sequences of text. The time grows with it; four are enough.
    #[arg(long, value_name = "N", default_value_t = 4)]
    sequences: usize,
    /// Most tokens of a sequence.
    #[arg(long, value_name = "N", default_value_t = 128)]
    tokens: usize,
    /// Rank that each layer's matrix is truncated to; the model's width keeps all of it.
    #[arg(long, value_name = "R", default_value_t = DEFAULT_RANK)]
    rank: usize,
    /// Text files to read; by default, text is sampled from the model itself.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    text: Vec<PathBuf>,
    /// Seed of the random numbers: the same seed gives the same result on the same machine.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// The lens file to write (safetensors); by default beside the models, where other commands
    /// find it. An interrupted fit continues from FILE.checkpoint.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Start again even if there is a checkpoint.
    #[arg(long)]
    restart: bool,
}

#[derive(Serialize)]
struct Fitted<'a> {
    lens: &'a Path,
    bytes: usize,
    #[serde(flatten)]
    about: &'a JacobianAbout,
    elapsed_ms: u128,
}

pub(super) fn run(args: &FitArgs, global: &Global) -> Result<CommandOutcome, CliError> {
    let begun = Instant::now();
    check(args)?;
    let model = resident::load(global)?;
    let out = match &args.out {
        Some(out) => out.clone(),
        None => default_out(global, &model)?,
    };
    // Check before a long fit that the result can be written.
    write::check_folder(&out)?;
    let checkpoint = checkpoint_path(&out);
    let cancel = interrupt::cancel_on_interrupt()?;
    let context = ModelContext::new(&model, &cancel);
    let fitted = begin(args, context, &checkpoint).and_then(|mut fit| {
        accumulate(&mut fit, context, &checkpoint)?;
        Ok(fit)
    });
    let fit = match fitted {
        Ok(fit) => fit,
        Err(_) if cancel.is_cancelled() => return Ok(stopped(&checkpoint)),
        Err(error) => return Err(error),
    };
    let spinner = progress::spinner("Truncating the matrices");
    let lens = fit.lens(args.rank)?;
    let bytes = lens.to_bytes()?;
    write::whole(&out, &bytes)?;
    spinner.finish_and_clear();
    // A checkpoint that remains does no harm.
    let _ = std::fs::remove_file(&checkpoint);
    report(global, &out, &lens, bytes.len(), begun.elapsed())?;
    Ok(CommandOutcome::Clean)
}

/// Rejects invalid flags.
fn check(args: &FitArgs) -> Result<(), CliError> {
    for (flag, value, least) in [
        ("--sequences", args.sequences, 1),
        ("--rank", args.rank, 1),
        ("--tokens", args.tokens, MIN_TOKENS),
    ] {
        if value < least {
            return Err(CliError::usage(flag, format!("give {least} or more")));
        }
    }
    Ok(())
}

/// Returns the path beside the models, and creates its folder.
fn default_out(global: &Global, model: &Model) -> Result<PathBuf, CliError> {
    let path = jacobian_lens_path(&global.store(), &model.info.sha256);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|source| write::failed(&path, source))?;
    }
    Ok(path)
}

/// Begins a fit, or continues from its checkpoint.
fn begin<'a>(
    args: &FitArgs,
    context: ModelContext<'a>,
    checkpoint: &Path,
) -> Result<JacobianFit<'a>, CliError> {
    let text = text(args, context)?;
    let fit = JacobianFit::new(context.model, text, args.sequences, args.seed)?;
    // An unreadable checkpoint counts as none.
    let kept = (!args.restart).then(|| std::fs::read(checkpoint).ok());
    let Some(kept) = kept.flatten() else {
        return Ok(fit);
    };
    let fit = fit.resume(&kept)?;
    let line = format!("Going on at {:.0} %", 100.0 * fit.share());
    progress::note(&ProgressBar::hidden(), &line);
    Ok(fit)
}

/// Returns the text that the flags name.
fn text(args: &FitArgs, context: ModelContext<'_>) -> Result<LensText, CliError> {
    if args.text.is_empty() {
        let bar = progress::bar(args.sequences, "Drawing text from the model");
        let options = SampleOptions {
            count: args.sequences,
            length: args.tokens,
            seed: args.seed,
            start: SampleStart::Bos,
            top_p: Some(TOP_P),
        };
        let text = sample(context, options, &mut |done| bar.set_position(done as u64))?;
        bar.finish_and_clear();
        return Ok(text);
    }
    let texts = args.text.iter().map(|path| prompt_files::read(path));
    let texts: Result<Vec<String>, CliError> = texts.collect();
    Ok(cut(context.model, &texts?, args.tokens))
}

/// Runs the fit to its end, with a checkpoint after each step.
fn accumulate(
    fit: &mut JacobianFit<'_>,
    context: ModelContext<'_>,
    checkpoint: &Path,
) -> Result<(), CliError> {
    let bar = progress::bar(PARTS, "Fitting");
    let part = |share: f64| (share * PARTS as f64).round() as usize;
    bar.set_position(part(fit.share()) as u64);
    bar.reset_eta();
    let tenth = |share: f64| (10.0 * share).floor() as usize;
    let mut logged = tenth(fit.share());
    while !fit.is_done() {
        fit.step(context, &mut |share| {
            bar.set_position(part(share) as u64);
            if tenth(share) > logged {
                logged = tenth(share);
                progress::log(&bar, logged, 10, "tenths of the fit are done");
            }
        })?;
        if !fit.is_done() {
            write::whole(checkpoint, &fit.checkpoint()?)?;
        }
    }
    bar.finish_and_clear();
    Ok(())
}

/// Says how a stopped fit continues.
fn stopped(checkpoint: &Path) -> CommandOutcome {
    let line = if checkpoint.is_file() {
        format!(
            "stopped; the same command goes on from {}",
            checkpoint.display()
        )
    } else {
        "stopped before the first checkpoint; nothing was written".to_owned()
    };
    progress::note(&ProgressBar::hidden(), &line);
    CommandOutcome::Interrupted
}

fn report(
    global: &Global,
    path: &Path,
    lens: &JacobianLens,
    bytes: usize,
    elapsed: Duration,
) -> Result<(), CliError> {
    let about = &lens.about;
    let out = &mut anstream::stdout().lock();
    if global.format() == OutputFormat::Json {
        let fitted = Fitted {
            lens: path,
            bytes,
            about,
            elapsed_ms: elapsed.as_millis(),
        };
        return json::print(out, None, &fitted);
    }
    writeln!(
        out,
        "{}: the Jacobian lens of {}, rank {}, {:.1} MB, {} s",
        path.display(),
        about.model.name,
        about.rank,
        bytes as f64 / 1e6,
        elapsed.as_secs()
    )?;
    Ok(())
}
