//! `hoplens lens eval --against`: measures how much two lenses disagree about the same heads.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use serde::Serialize;

use crate::cli::error::CliError;
use crate::cli::global::{Global, OutputFormat};
use crate::cli::lens::eval::args::LensEvalArgs;
use crate::cli::lens::eval::open::open as open_lens;
use crate::cli::lens::text;
use crate::cli::outcome::CommandOutcome;
use crate::cli::{json, progress};
use hoplens_interp::ModelContext;
use hoplens_interp::lens::trained::{
    CompareOptions, Disagreement, LensAbout, TrainedLens, compare,
};
use hoplens_interp::lens::{AnyLens, HeadAt, TextAbout};
use hoplens_runtime::{CancelToken, Model};

/// The name of the unembed lens in place of a file.
const UNEMBED: &str = "unembed";

#[derive(Serialize)]
struct Compared<'a> {
    lens: &'a LensAbout,
    /// `None` for the unembed lens.
    against: Option<&'a LensAbout>,
    text: TextAbout,
    top: usize,
    heads: &'a [Disagreement],
    layers: &'a [LayerDisagreement],
}

/// Means over the heads of a layer, or over all.
#[derive(Debug, Serialize)]
struct LayerDisagreement {
    /// `None` for all layers together.
    layer: Option<usize>,
    kl: f64,
    top_differs: f64,
    tops_differ: f64,
}

/// Opens the other lens; `None` for the unembed lens.
pub(super) fn open(path: &Path, model: &Model, any: bool) -> Result<Option<TrainedLens>, CliError> {
    if path == Path::new(UNEMBED) {
        return Ok(None);
    }
    open_lens(path, model, any).map(Some)
}

pub(super) fn run(
    lens: &TrainedLens,
    other: Option<&TrainedLens>,
    args: &LensEvalArgs,
    model: &Model,
    global: &Global,
) -> Result<CommandOutcome, CliError> {
    let (first, second) = (
        AnyLens::Trained(lens),
        other.map_or(AnyLens::Unembed, AnyLens::Trained),
    );
    let all = (0..model.info.layers)
        .flat_map(|layer| (0..model.info.heads).map(move |head| HeadAt { layer, head }));
    let heads: Vec<HeadAt> = all
        .filter(|at| first.covers(*at) && second.covers(*at))
        .collect();
    if heads.is_empty() {
        return Err(CliError::Usage {
            flag: "--against",
            reason: "there is no head that both lenses read".into(),
        });
    }
    let text = text::to_hold(&args.text, model)?;
    let bar = progress::spinner("Reading heads");
    let mut read = 0;
    let mut progress = |more| {
        read += more;
        bar.set_message(format!("Reading heads: {read}"));
    };
    let cancel = CancelToken::new();
    let context = ModelContext::new(model, &cancel);
    let options = CompareOptions {
        first,
        second,
        heads: &heads,
        top: args.top,
    };
    let found = compare(context, &text, options, &mut progress)?;
    bar.finish_and_clear();
    let layers = by_layer(&found);
    let out = &mut anstream::stdout().lock();
    let compared = Compared {
        lens: &lens.about,
        against: other.map(|lens| &lens.about),
        text: text.about(),
        top: args.top,
        heads: &found,
        layers: &layers,
    };
    if global.format() == OutputFormat::Json {
        json::print(out, Some(&model.info), &compared)?;
    } else {
        print(out, &compared)?;
    }
    Ok(CommandOutcome::Clean)
}

fn by_layer(heads: &[Disagreement]) -> Vec<LayerDisagreement> {
    let mut layers: BTreeMap<usize, Vec<&Disagreement>> = BTreeMap::new();
    for found in heads {
        layers.entry(found.at.layer).or_default().push(found);
    }
    let of = |layer: Option<usize>, heads: &[&Disagreement]| {
        let mean = |of: fn(&Disagreement) -> f64| {
            heads.iter().map(|found| of(found)).sum::<f64>() / heads.len().max(1) as f64
        };
        LayerDisagreement {
            layer,
            kl: mean(|found| found.kl),
            top_differs: mean(|found| found.top_differs),
            tops_differ: mean(|found| found.tops_differ),
        }
    };
    let mut found: Vec<LayerDisagreement> = layers
        .iter()
        .map(|(layer, heads)| of(Some(*layer), heads))
        .collect();
    found.push(of(None, &heads.iter().collect::<Vec<_>>()));
    found
}

fn print(out: &mut dyn Write, compared: &Compared<'_>) -> Result<(), CliError> {
    let objective = |about: &LensAbout| about.options.objective.name();
    let top = compared.top;
    writeln!(
        out,
        "{} heads: the lens of objective {} against {}",
        compared.heads.len(),
        objective(compared.lens),
        compared
            .against
            .map_or("the unembed lens".into(), |other| format!(
                "that of objective {}",
                objective(other)
            ))
    )?;
    writeln!(
        out,
        "\n{:>7} {:>8} {:>9} {:>9}",
        "layer",
        "KL",
        "top 1",
        format!("top {top}")
    )?;
    for found in compared.layers {
        let layer = found
            .layer
            .map_or_else(|| "all".to_owned(), |layer| layer.to_string());
        writeln!(
            out,
            "{layer:>7} {:>8.3} {:>9.3} {:>9.3}",
            found.kl, found.top_differs, found.tops_differ
        )?;
    }
    writeln!(
        out,
        "\nKL: from what this lens says to what the other says, nats. top 1: share of positions at \
         which the likeliest tokens differ. top {top}: share of this lens' likeliest that are not \
         among the other's."
    )?;
    Ok(())
}
