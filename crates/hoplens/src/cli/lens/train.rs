//! `hoplens lens train`: trains lenses for heads on this machine.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use indicatif::ProgressBar;
use serde::Serialize;

use crate::cli::error::CliError;
use crate::cli::global::{Global, OutputFormat};
use crate::cli::lens::curve;
use crate::cli::lens::text;
use crate::cli::lens::text::TextArgs;
use crate::cli::outcome::CommandOutcome;
use crate::cli::{interrupt, json, lists, progress, resident, write};
use hoplens_interp::lens::trained::{
    CurvePoint, Form, LensAbout, Objective, Schedule, TrainedLens, Trainer, TrainingOptions,
};
use hoplens_interp::lens::{HeadAt, LensText};
use hoplens_runtime::{CancelToken, Model};

#[derive(Debug, clap::Args)]
pub(super) struct TrainArgs {
    /// The lens file to write (safetensors). Training writes FILE.checkpoint beside it, and an
    /// interrupted training continues from there.
    #[arg(long, value_name = "FILE", default_value = "lens.safetensors")]
    out: PathBuf,
    #[command(flatten)]
    text: TextArgs,
    /// Compact: a scaled unembed lens with a low-rank correction; full: a whole vocabulary × width
    /// matrix for each head, for small models.
    #[arg(long, value_enum, default_value_t = FormArg::Compact)]
    form: FormArg,
    /// Rank of a compact lens.
    #[arg(long, value_name = "R", default_value_t = 16)]
    rank: usize,
    /// The training objective; full maps support layer-sum only.
    #[arg(long, value_enum)]
    objective: Option<ObjectiveArg>,
    /// Layers from 0: 0..29 (both included) or 6,12; all by default.
    #[arg(long, value_name = "LIST")]
    layers: Option<String>,
    /// Heads from 0 of each layer; all by default.
    #[arg(long, value_name = "LIST")]
    heads: Option<String>,
    /// Most steps.
    #[arg(long, value_name = "N", default_value_t = 600)]
    steps: usize,
    /// Positions per step.
    #[arg(long, value_name = "N", default_value_t = 256)]
    batch: usize,
    /// Tokens in a step's sampled softmax.
    #[arg(long, value_name = "N", default_value_t = 4_096)]
    candidates: usize,
    /// Initial learning rate.
    #[arg(long, value_name = "RATE", default_value_t = 0.01)]
    rate: f64,
    /// Held-out positions, on which the best lens is selected.
    #[arg(long, value_name = "N", default_value_t = 512)]
    held_out: usize,
    /// Steps between two evaluations on the held-out positions, and between two checkpoints.
    #[arg(long, value_name = "N", default_value_t = 50)]
    check_every: usize,
    /// Stop after this many evaluations in a row without an improvement of any head.
    #[arg(long, value_name = "N", default_value_t = 5)]
    patience: usize,
    /// Start again even if there is a checkpoint.
    #[arg(long)]
    restart: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FormArg {
    Compact,
    Full,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ObjectiveArg {
    /// Each head alone predicts the model's next token.
    Head,
    /// The heads of a layer together predict the model's next token.
    LayerSum,
    /// Each head predicts its own effect: the logits minus those without the head.
    Ablation,
    /// Each head predicts the tokens that it attends to.
    Attended,
}

impl From<ObjectiveArg> for Objective {
    fn from(objective: ObjectiveArg) -> Self {
        match objective {
            ObjectiveArg::Head => Self::Head,
            ObjectiveArg::LayerSum => Self::LayerSum,
            ObjectiveArg::Ablation => Self::Ablation,
            ObjectiveArg::Attended => Self::Attended,
        }
    }
}

#[derive(Serialize)]
struct Trained<'a> {
    lens: &'a Path,
    #[serde(flatten)]
    about: &'a LensAbout,
    curve: &'a [CurvePoint],
    stopped_early: bool,
    elapsed_ms: u128,
}

pub(super) fn run(args: &TrainArgs, global: &Global) -> Result<CommandOutcome, CliError> {
    let begun = Instant::now();
    check(args)?;
    // Check before a long training that the result can be written.
    let checkpoint = beside(&args.out, "checkpoint");
    write::check_folder(&args.out)?;
    let model = resident::load(global)?;
    let options = options(args, &model)?;
    let cancel = interrupt::cancel_on_interrupt()?;
    let sampled = beside(&args.out, "sampled");
    let stopped = |error| {
        if cancel.is_cancelled() {
            Ok(CommandOutcome::Interrupted)
        } else {
            Err(error)
        }
    };
    let text = match text::of_training(&args.text, &model, &sampled, &cancel) {
        Ok(text) => text,
        Err(error) => return stopped(error),
    };
    // An unreadable checkpoint counts as none.
    let kept = (!args.restart).then(|| std::fs::read(&checkpoint).ok());
    let kept = kept.flatten();
    let mut trainer = match trainer(&model, &text, options, kept.as_deref(), &cancel) {
        Ok(trainer) => trainer,
        Err(error) => return stopped(error),
    };
    if let Err(error) = learn(&mut trainer, &checkpoint, &cancel) {
        if !cancel.is_cancelled() {
            return Err(error);
        }
        write::whole(&checkpoint, &trainer.checkpoint()?)?;
        let step = trainer.curve().last().map_or(0, |point| point.step);
        let line = format!(
            "stopped after step {step}; the same command goes on from {}",
            checkpoint.display()
        );
        progress::note(&ProgressBar::hidden(), &line);
        return Ok(CommandOutcome::Interrupted);
    }
    let lens = trainer.lens();
    finish(args, &trainer, &lens)?;
    for file in [&checkpoint, &beside(&args.out, "sampled")] {
        // A temporary file that remains does no harm.
        let _ = std::fs::remove_file(file);
    }
    report(args, global, &trainer, begun.elapsed())?;
    Ok(CommandOutcome::Clean)
}

/// Rejects invalid flags.
fn check(args: &TrainArgs) -> Result<(), CliError> {
    let usage = |flag, reason: &str| {
        Err(CliError::Usage {
            flag,
            reason: reason.into(),
        })
    };
    if args.rank == 0 {
        return usage("--rank", "a lens of rank 0 cannot learn; give 1 or more");
    }
    if !args.rate.is_finite() || args.rate <= 0.0 {
        return usage("--rate", "give a number above 0, such as 0.01");
    }
    for (flag, value) in [
        ("--steps", args.steps),
        ("--batch", args.batch),
        ("--candidates", args.candidates),
        ("--held-out", args.held_out),
        ("--check-every", args.check_every),
        ("--patience", args.patience),
    ] {
        if value == 0 {
            return usage(flag, "give 1 or more");
        }
    }
    let is_sum = args
        .objective
        .is_none_or(|objective| objective == ObjectiveArg::LayerSum);
    if args.form == FormArg::Full && !is_sum {
        return usage(
            "--objective",
            "full maps are trained by layer-sum, as the papers do; leave it out or train a compact lens",
        );
    }
    let is_sum = args.form == FormArg::Full || args.objective == Some(ObjectiveArg::LayerSum);
    if is_sum && args.heads.is_some() {
        return usage(
            "--heads",
            "layer-sum trains whole layers; choose them with --layers",
        );
    }
    Ok(())
}

fn options(args: &TrainArgs, model: &Model) -> Result<TrainingOptions, CliError> {
    let list = |text: &Option<String>, flag: &'static str, count: usize, what: &str| {
        let Some(text) = text else {
            return Ok((0..count).collect::<Vec<usize>>());
        };
        let listed = lists::layers(text).map_err(|reason| CliError::Usage { flag, reason })?;
        match listed.iter().find(|number| count <= **number) {
            Some(number) => Err(CliError::Usage {
                flag,
                reason: format!(
                    "there is no {what} {number}; {} has {what}s 0 to {}",
                    model.info.name,
                    count - 1
                ),
            }),
            None => Ok(listed),
        }
    };
    let mut layers = list(&args.layers, "--layers", model.info.layers, "layer")?;
    let mut heads = list(&args.heads, "--heads", model.info.heads, "head")?;
    layers.sort_unstable();
    heads.sort_unstable();
    let all = layers
        .iter()
        .flat_map(|layer| heads.iter().map(|head| (*layer, *head)));
    let form = match args.form {
        FormArg::Compact => Form::Compact {
            rank: args.rank.min(model.info.width),
        },
        FormArg::Full => Form::Full,
    };
    let default = match args.form {
        FormArg::Compact => Objective::Head,
        FormArg::Full => Objective::LayerSum,
    };
    Ok(TrainingOptions {
        form,
        objective: args.objective.map_or(default, Objective::from),
        heads: all.map(|(layer, head)| HeadAt { layer, head }).collect(),
        seed: args.text.seed,
        batch: args.batch,
        candidates: args.candidates.min(model.config().vocab),
        schedule: Schedule {
            rate: args.rate,
            steps: args.steps,
        },
        held_out: args.held_out,
        check_every: args.check_every,
        patience: args.patience,
    })
}

/// `lens.safetensors` → `lens.safetensors.checkpoint`.
fn beside(out: &Path, what: &str) -> PathBuf {
    let name = out.file_name().unwrap_or_default().to_string_lossy();
    out.with_file_name(format!("{name}.{what}"))
}

/// Returns a trainer that continues from `checkpoint`, if there is one.
fn trainer<'a>(
    model: &'a Model,
    text: &'a LensText,
    options: TrainingOptions,
    checkpoint: Option<&[u8]>,
    cancel: &CancelToken,
) -> Result<Trainer<'a>, CliError> {
    let spinner = progress::spinner("Looking at the held-out positions");
    let steps = options.schedule.steps;
    let trainer = match checkpoint {
        Some(bytes) => Trainer::resume(model, text, options, bytes, cancel)?,
        None => Trainer::new(model, text, options, cancel)?,
    };
    spinner.finish_and_clear();
    if let (Some(_), Some(last)) = (checkpoint, trainer.curve().last()) {
        let line = format!("Going on after step {} of {steps}", last.step);
        progress::note(&spinner, &line);
    }
    Ok(trainer)
}

/// Trains to the end. Saves a checkpoint after each evaluation on the held-out positions.
fn learn(
    trainer: &mut Trainer<'_>,
    checkpoint: &Path,
    cancel: &CancelToken,
) -> Result<(), CliError> {
    let steps = trainer.about().options.schedule.steps;
    let bar = progress::bar(steps, "Training");
    let first = trainer.curve().last().map_or(0, |point| point.step);
    bar.set_position(first as u64);
    bar.reset_eta();
    if let Some(point) = trainer.curve().first().filter(|_| first == 0) {
        note(&bar, point);
    }
    while !trainer.is_done() {
        let point = trainer.step(cancel)?;
        bar.set_position(point.step as u64);
        bar.set_message(format!("Loss {:.3}", point.loss.unwrap_or(f64::NAN)));
        if point.held_out.is_some() {
            note(&bar, &point);
            write::whole(checkpoint, &trainer.checkpoint()?)?;
        }
    }
    bar.finish_and_clear();
    Ok(())
}

fn note(bar: &ProgressBar, point: &CurvePoint) {
    let held_out = point.held_out.unwrap_or(f64::NAN);
    let line = format!(
        "step {:>5}  {:>7} positions  held out {held_out:.4} nats",
        point.step, point.positions
    );
    progress::note(bar, &line);
}

/// Writes the lens and its curve.
fn finish(args: &TrainArgs, trainer: &Trainer<'_>, lens: &TrainedLens) -> Result<(), CliError> {
    // Write the lens first, because it took the longest.
    write::whole(&args.out, &lens.to_bytes()?)?;
    write::whole(
        &beside(&args.out, "curve.csv"),
        curve::csv(trainer.curve()).as_bytes(),
    )?;
    write::whole(
        &beside(&args.out, "curve.svg"),
        curve::svg(trainer.curve())?.as_bytes(),
    )
}

fn report(
    args: &TrainArgs,
    global: &Global,
    trainer: &Trainer<'_>,
    elapsed: Duration,
) -> Result<(), CliError> {
    let about = trainer.about();
    let curve = trainer.curve();
    let done = curve.last().map_or(0, |point| point.step);
    let stopped_early = done < about.options.schedule.steps;
    let out = &mut anstream::stdout().lock();
    if global.format() == OutputFormat::Json {
        let trained = Trained {
            lens: &args.out,
            about,
            curve,
            stopped_early,
            elapsed_ms: elapsed.as_millis(),
        };
        return json::print(out, Some(&about.model), &trained);
    }
    let held_out: Vec<f64> = curve.iter().filter_map(|point| point.held_out).collect();
    let before = held_out.first().copied().unwrap_or(f64::NAN);
    let best = held_out.iter().copied().fold(f64::INFINITY, f64::min);
    writeln!(
        out,
        "{}: {} heads, {} steps{}, {} s",
        args.out.display(),
        about.options.heads.len(),
        done,
        if stopped_early {
            " (stopped early)"
        } else {
            ""
        },
        elapsed.as_secs()
    )?;
    writeln!(
        out,
        "held-out loss {before:.4} → {best:.4} nats, mean over heads (objective {})",
        about.options.objective.name()
    )?;
    writeln!(
        out,
        "`hoplens lens eval --lens {}` compares it with the unembed lens.",
        args.out.display()
    )?;
    Ok(())
}
