//! What injections cost on long sequences: a table on standard output and, with `-- --svg PATH`, a
//! picture of it.
//!
//! `-- --csv FILE` draws such a table again instead of measuring.
//!
//! Needs the default model (`hoplens models pull`). Takes some minutes; each figure is the least
//! of three runs, with nothing remembered from one to the next.
#![allow(clippy::print_stdout, reason = "a table is what this program is for")]

use std::time::Instant;

use hoplens_injection::{Encoding, Scope};
use hoplens_interp::ModelContext;
use hoplens_interp::memory::{Grid, MemoryEncoding, encode, place, sweep};
use hoplens_runtime::{
    Answer, BosPolicy, CancelToken, Hooks, Intervention, LoadOptions, Model, PromptQuery,
    TargetPositions, Token,
};
use hoplens_store::{ModelRef, StoreOptions, locate};
use plotters::prelude::*;
use plotters::style::{FontStyle, register_font};

const LENGTHS: [usize; 5] = [128, 512, 1024, 1500, 2000];
const RUNS: usize = 3;
const MEMORY: &str = "Great Barrier Reef";
const TEXT: &str = "The ship left the harbour before dawn, and nobody on the quay could say where \
                    it was bound. ";
const BOS: BosPolicy = BosPolicy::Never;
const ENCODINGS: [Encoding; 3] = [Encoding::Embed, Encoding::Unembed, Encoding::Layerwise];

/// A column: its name and milliseconds at each length.
type Column = (String, Vec<f64>);

fn main() {
    let argument = |flag: &str| {
        let mut arguments = std::env::args().skip_while(|argument| argument != flag);
        arguments.nth(1)
    };
    let columns = if let Some(path) = argument("--csv") {
        read(&path).expect("the table is read")
    } else {
        let located = locate(&ModelRef::default_model(), &StoreOptions::from_env());
        let Ok(Some(located)) = located else {
            println!(
                "SKIPPED: the default model is not on this disk; `hoplens models pull` fetches it"
            );
            return;
        };
        let options = LoadOptions::default();
        measure(&Model::load(&located.format, &options).expect("the model loads"))
    };
    print!("tokens");
    for (name, _) in &columns {
        print!(",{name} (ms)");
    }
    println!();
    for (row, length) in LENGTHS.iter().enumerate() {
        print!("{length}");
        for (_, times) in &columns {
            print!(",{:.1}", times[row]);
        }
        println!();
    }
    if let Some(path) = argument("--svg") {
        draw(&columns, &path).expect("the picture is drawn");
    }
}

/// A table that was printed before.
fn read(path: &str) -> Result<Vec<Column>, Box<dyn std::error::Error>> {
    let mut reader = csv::Reader::from_path(path)?;
    let headers = reader.headers()?.clone();
    let names = headers.iter().skip(1);
    let names = names.map(|name| name.trim_end_matches(" (ms)").to_owned());
    let mut columns: Vec<Column> = names.map(|name| (name, Vec::new())).collect();
    for row in reader.records() {
        for ((_, times), field) in columns.iter_mut().zip(row?.iter().skip(1)) {
            times.push(field.parse()?);
        }
    }
    Ok(columns)
}

fn measure(model: &Model) -> Vec<Column> {
    let cancel = CancelToken::new();
    let mut columns: Vec<Column> = [
        "pass",
        "embed + pass",
        "unembed + pass",
        "layerwise + pass",
        "layerwise of a memory as long",
        "15 cells all",
        "15 cells last",
    ]
    .map(|name| (name.to_owned(), Vec::new()))
    .into();
    let context = ModelContext::new(model, &cancel);
    for length in LENGTHS {
        let (text, tokens) = prompt(model, length);
        let ids: Vec<u32> = tokens.iter().map(|token| token.id).collect();
        let pass = |interventions: Vec<Intervention>| {
            model
                .forward(&[&ids], &Hooks::interventions(interventions), &cancel)
                .expect("a pass")
        };
        let mut times = vec![least(model, || {
            pass(Vec::new());
        })];
        for encoding in ENCODINGS {
            times.push(least(model, || {
                let memory =
                    encode(context, MEMORY, MemoryEncoding::new(encoding, BOS)).expect("a memory");
                pass(vec![
                    place(&memory, 12, 6.0, TargetPositions::All).expect("a place"),
                ]);
            }));
        }
        times.push(least(model, || {
            let layerwise = MemoryEncoding::new(Encoding::Layerwise, BOS);
            encode(context, &text, layerwise).expect("a memory");
        }));
        let query = PromptQuery {
            text: text.clone(),
            tokens,
            answers: vec![Answer::from_token(3)],
            interventions: Vec::new(),
            bos: BOS,
        };
        for scope in [Scope::All, Scope::Last] {
            let grid = Grid {
                head: None,
                encodings: vec![Encoding::Embed],
                layers: vec![0, 7, 14, 21, 28],
                taus: vec![2.0, 4.0, 8.0],
                scopes: vec![scope],
            };
            times.push(least(model, || {
                sweep(context, &query, MEMORY, &grid, &mut |_| {}).expect("a sweep");
            }));
        }
        for ((_, column), time) in columns.iter_mut().zip(times) {
            column.push(time);
        }
    }
    columns
}

/// A text of just as many tokens.
fn prompt(model: &Model, length: usize) -> (String, Vec<Token>) {
    let mut text = TEXT.repeat(length / 8);
    let mut tokens = model.tokenizer.encode(&text, BOS);
    text.truncate(tokens[length - 1].range.end);
    tokens.truncate(length);
    (text, tokens)
}

/// Milliseconds of the fastest of some runs.
fn least(model: &Model, mut run: impl FnMut()) -> f64 {
    let mut least = f64::INFINITY;
    for _ in 0..RUNS {
        model.clear_cache();
        let start = Instant::now();
        run();
        least = least.min(start.elapsed().as_secs_f64() * 1e3);
    }
    least
}

/// Seconds over tokens, both logarithmic: a straight line is a power.
fn draw(columns: &[Column], path: &str) -> Result<(), Box<dyn std::error::Error>> {
    // As in the heat maps: a font that is there on every machine.
    let font = epaint_default_fonts::UBUNTU_LIGHT;
    register_font("sans-serif", FontStyle::Normal, font).map_err(|_| "the font is none")?;
    let root = SVGBackend::new(path, (760, 460)).into_drawing_area();
    root.fill(&WHITE)?;
    let all = || {
        columns
            .iter()
            .flat_map(|(_, times)| times)
            .map(|ms| ms / 1e3)
    };
    let (low, high) = (
        all().fold(f64::INFINITY, f64::min),
        all().fold(0.0, f64::max),
    );
    let caption = "Injections on long sequences, SmolLM2-135M: seconds by tokens of the prompt";
    let mut chart = ChartBuilder::on(&root)
        .caption(caption, ("sans-serif", 17))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(60)
        .build_cartesian_2d(
            (110.0..2300.0).log_scale(),
            (low / 1.5..high * 1.5).log_scale(),
        )?;
    chart
        .configure_mesh()
        .x_desc("tokens")
        .y_desc("seconds")
        .light_line_style(WHITE)
        .x_label_formatter(&|x| format!("{x:.0}"))
        .draw()?;
    for (index, (name, times)) in columns.iter().enumerate() {
        let colour = Palette99::pick(index).to_rgba();
        let points = LENGTHS.iter().zip(times);
        let points: Vec<(f64, f64)> = points.map(|(n, ms)| (*n as f64, ms / 1e3)).collect();
        chart
            .draw_series(LineSeries::new(points, colour.stroke_width(2)))?
            .label(name.as_str())
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.85))
        .border_style(BLACK.mix(0.3))
        .draw()?;
    root.present()?;
    Ok(())
}
