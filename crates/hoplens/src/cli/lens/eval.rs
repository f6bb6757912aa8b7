//! `hoplens lens eval`: measures a trained lens on text that it was not trained on.

mod against;
pub(in crate::cli::lens) mod args;
mod open;

use std::collections::BTreeMap;
use std::io::Write;

use serde::Serialize;

use crate::cli::error::CliError;
use crate::cli::global::{Global, OutputFormat};
use crate::cli::lens::chart;
use crate::cli::lens::chart::{BLUE, GREY, Line, ORANGE};
use crate::cli::lens::eval::args::LensEvalArgs;
use crate::cli::lens::eval::open::open;
use crate::cli::lens::text;
use crate::cli::outcome::CommandOutcome;
use crate::cli::{json, progress, resident, write};
use hoplens_interp::ModelContext;
use hoplens_interp::lens::trained::{
    EvaluateOptions, HeadScores, LensAbout, LensEvaluation, LensScores, TrainedLens, evaluate,
};
use hoplens_interp::lens::{HeadAt, TextAbout};
use hoplens_runtime::{CancelToken, Model};

/// Means over the heads of a layer, or over all.
#[derive(Debug, Serialize)]
struct LayerScores {
    /// `None` for all layers together.
    layer: Option<usize>,
    unembed: LensScores,
    trained: LensScores,
}

#[derive(Serialize)]
struct Evaluated<'a> {
    lens: &'a LensAbout,
    text: TextAbout,
    shift: isize,
    #[serde(flatten)]
    evaluation: &'a LensEvaluation,
    layers: &'a [LayerScores],
}

pub(super) fn run(args: &LensEvalArgs, global: &Global) -> Result<CommandOutcome, CliError> {
    if args.top == 0 {
        return Err(CliError::Usage {
            flag: "--top",
            reason: "give 1 or more".into(),
        });
    }
    let model = resident::load(global)?;
    let lens = open(&args.lens, &model, args.other_model)?;
    if let Some(other) = &args.against {
        let other = against::open(other, &model, args.other_model)?;
        return against::run(&lens, other.as_ref(), args, &model, global);
    }
    let pairs = pairs(&model, &lens, args.shift)?;
    let text = text::to_hold(&args.text, &model)?;
    let bar = progress::spinner("Reading heads");
    let mut read = 0;
    let cancel = CancelToken::new();
    let context = ModelContext::new(&model, &cancel);
    let options = EvaluateOptions {
        pairs: &pairs,
        top: args.top,
    };
    let evaluation = evaluate(context, &lens, &text, options, &mut |more| {
        read += more;
        bar.set_message(format!("Reading heads: {read}"));
    })?;
    bar.finish_and_clear();
    let layers = by_layer(&evaluation.heads);
    if let Some(path) = &args.plot {
        let picture = plot(&evaluation, &layers)?;
        write::whole(path, picture.as_bytes())?;
    }
    let out = &mut anstream::stdout().lock();
    if global.format() == OutputFormat::Json {
        let evaluated = Evaluated {
            lens: &lens.about,
            text: text.about(),
            shift: args.shift,
            evaluation: &evaluation,
            layers: &layers,
        };
        json::print(out, Some(&model.info), &evaluated)?;
    } else {
        print(out, &lens, &evaluation, &layers, args.shift)?;
    }
    Ok(CommandOutcome::Clean)
}

/// Returns every head that has a lens `shift` layers above it, with the head of that lens.
fn pairs(
    model: &Model,
    lens: &TrainedLens,
    shift: isize,
) -> Result<Vec<(HeadAt, HeadAt)>, CliError> {
    let mut pairs = Vec::new();
    for layer in 0..model.info.layers {
        let Some(from) = layer
            .checked_add_signed(shift)
            .filter(|from| *from < model.info.layers)
        else {
            continue;
        };
        for head in 0..model.info.heads {
            let from = HeadAt { layer: from, head };
            if lens.covers(from) {
                pairs.push((HeadAt { layer, head }, from));
            }
        }
    }
    if pairs.is_empty() {
        return Err(CliError::Usage {
            flag: "--shift",
            reason: format!("no head of the model has a lens {shift} layers above it"),
        });
    }
    Ok(pairs)
}

/// Returns the means over each layer's heads, and over all heads as the last entry.
fn by_layer(heads: &[HeadScores]) -> Vec<LayerScores> {
    let mut layers: BTreeMap<usize, Vec<&HeadScores>> = BTreeMap::new();
    for scores in heads {
        layers.entry(scores.at.layer).or_default().push(scores);
    }
    let of = |layer: Option<usize>, heads: &[&HeadScores]| {
        let mut found = LayerScores {
            layer,
            unembed: LensScores::default(),
            trained: LensScores::default(),
        };
        for scores in heads {
            found.unembed += scores.unembed;
            found.trained += scores.trained;
        }
        let share = 1.0 / heads.len().max(1) as f64;
        found.unembed *= share;
        found.trained *= share;
        found
    };
    let mut found: Vec<LayerScores> = layers
        .iter()
        .map(|(layer, heads)| of(Some(*layer), heads))
        .collect();
    let all: Vec<&HeadScores> = heads.iter().collect();
    found.push(of(None, &all));
    found
}

/// Draws KL from the model's next token, by layer.
fn plot(evaluation: &LensEvaluation, layers: &[LayerScores]) -> Result<String, CliError> {
    let line = |of: &dyn Fn(&LayerScores) -> f64| {
        let layers = layers.iter();
        let points = layers.filter_map(|scores| Some((scores.layer? as f64, of(scores))));
        points.collect::<Vec<(f64, f64)>>()
    };
    let lines = [
        Line {
            name: "unembed lens",
            color: ORANGE,
            width: 2,
            points: line(&|scores| scores.unembed.kl),
        },
        Line {
            name: "trained lens",
            color: BLUE,
            width: 2,
            points: line(&|scores| scores.trained.kl),
        },
        Line {
            name: "its bias alone, no head",
            color: GREY,
            width: 1,
            points: line(&|_| evaluation.bias.kl),
        },
    ];
    chart::svg("layer", "KL from the model, nats, mean over heads", &lines)
}

fn print(
    out: &mut dyn Write,
    lens: &TrainedLens,
    evaluation: &LensEvaluation,
    layers: &[LayerScores],
    shift: isize,
) -> Result<(), CliError> {
    let top = evaluation.top;
    writeln!(
        out,
        "{} heads at {} positions; means over heads and positions, nats and shares",
        evaluation.heads.len(),
        evaluation.positions
    )?;
    if shift != 0 {
        writeln!(out, "each head read with the lens {shift:+} layers away")?;
    }
    if lens.about.options.objective != hoplens_interp::lens::trained::Objective::Head {
        let name = lens.about.options.objective.name();
        writeln!(
            out,
            "the lens was trained for objective {name}, not for what stands here"
        )?;
    }
    let plus = format!("in {top}");
    writeln!(
        out,
        "\n{:>7} │ {:>31} │ {:>31}\n{:>7} │ {:>7} {:>7} {:>7} {:>7} │ {:>7} {:>7} {:>7} {:>7}",
        "",
        "unembed lens",
        "trained lens",
        "layer",
        "KL",
        "CE",
        "top 1",
        plus,
        "KL",
        "CE",
        "top 1",
        plus
    )?;
    for scores in layers {
        let layer = scores
            .layer
            .map_or_else(|| "all".to_owned(), |layer| layer.to_string());
        writeln!(
            out,
            "{layer:>7} │ {} │ {}",
            row(&scores.unembed),
            row(&scores.trained)
        )?;
    }
    writeln!(
        out,
        "{:>7} │ {:>31} │ {}",
        "no head",
        "",
        row(&evaluation.bias)
    )?;
    writeln!(
        out,
        "\nKL: from the model's next token. CE: of the text's next token. \"no head\": the lens' bias \
         alone, which is what can be said without looking."
    )?;
    Ok(())
}

fn row(scores: &LensScores) -> String {
    format!(
        "{:>7.3} {:>7.3} {:>7.3} {:>7.3}",
        scores.kl, scores.cross_entropy, scores.agreement, scores.overlap
    )
}
