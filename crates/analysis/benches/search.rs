//! How much of a grid's best gain the search finds, and how fast.
//!
//! `cargo bench --bench search -- FILE.csv` measures, for each row, the papers' full grid and a
//! search of it, for the scopes `all` and `last`. The columns are those of `hoplens eval`.
#![allow(
    clippy::print_stdout,
    reason = "a benchmark's report goes to standard output"
)]

use std::time::{Duration, Instant};

use hoplens_injection::{Encoding, Scope};
use hoplens_interp::ModelContext;
use hoplens_interp::memory::{Grid, GridSearch, SEARCH_PASSES, Sweep, search, sweep};
use hoplens_runtime::{BosPolicy, CancelToken, LoadOptions, Model, PromptQuery};
use hoplens_store::{ModelRef, StoreOptions, locate};

/// What the searches may cost, in passes: as `hoplens sweep --search`, and as for repairs.
const PASSES: [f64; 2] = [SEARCH_PASSES, 2.0 * SEARCH_PASSES];

/// What the search found of the best gain of a row, and how long it took.
struct Found {
    share: f64,
    time: Duration,
    cells: usize,
}

fn main() {
    let path = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with("--"));
    let path = path.unwrap_or_else(|| "examples/two-hop.csv".into());
    let located = locate(&ModelRef::default_model(), &StoreOptions::from_env()).unwrap();
    let Some(files) = located else {
        println!("the default model is not there: hoplens models pull");
        return;
    };
    let model = Model::load(&files.format, &LoadOptions::default()).unwrap();
    for scope in [Scope::All, Scope::Last] {
        let rows: Vec<[Found; 2]> = rows(&model, &path, &scope);
        for (at, passes) in PASSES.iter().enumerate() {
            let found: Vec<&Found> = rows.iter().map(|row| &row[at]).collect();
            report(&scope, *passes, &found);
        }
    }
}

fn rows(model: &Model, path: &str, scope: &Scope) -> Vec<[Found; 2]> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let headers = reader.headers().unwrap().clone();
    let column = |name| headers.iter().position(|header| header == name).unwrap();
    let (prompt, memory, answer) = (
        column("obscure_sentence"),
        column("explicit_entity"),
        column("answer"),
    );
    let rows = reader.records();
    rows.map(|row| {
        let row = row.unwrap();
        measure(model, &row[prompt], &row[memory], &row[answer], scope)
    })
    .collect()
}

fn measure(model: &Model, prompt: &str, memory: &str, answer: &str, scope: &Scope) -> [Found; 2] {
    let query = PromptQuery {
        answers: hoplens_analysis::answers(model, prompt, &[answer.to_owned()]).unwrap(),
        ..PromptQuery::new(&model.tokenizer, prompt, BosPolicy::Never)
    };
    let grid = Grid {
        encodings: vec![Encoding::Embed, Encoding::Unembed, Encoding::Layerwise],
        layers: (0..model.info.layers).collect(),
        taus: (1..=15).map(f64::from).collect(),
        scopes: vec![scope.clone()],
        head: None,
    };
    let cancel = CancelToken::new();
    let context = ModelContext::new(model, &cancel);
    let gain = |sweep: &Sweep| sweep.best().unwrap().logp_first - sweep.baseline.logp_first;
    let full = gain(&sweep(context, &query, memory, &grid, &mut |_| {}).unwrap());
    PASSES.map(|passes| {
        // Nothing is left of an earlier pass over the same prompt.
        model.clear_cache();
        let start = Instant::now();
        let budget = GridSearch {
            grid: &grid,
            passes,
        };
        let found = search(context, &query, memory, budget, &mut |_| {}).unwrap();
        Found {
            time: start.elapsed(),
            share: gain(&found) / full,
            cells: found.cells.len(),
        }
    })
}

fn report(scope: &Scope, passes: f64, found: &[&Found]) {
    let count = found.len() as f64;
    let near = found.iter().filter(|found| found.share >= 0.95).count();
    let share: f64 = found.iter().map(|found| found.share).sum();
    let cells: usize = found.iter().map(|found| found.cells).sum();
    let mut times: Vec<Duration> = found.iter().map(|found| found.time).collect();
    times.sort_unstable();
    println!(
        "{scope:?}, {passes} passes: within 5 % of the grid's best Δlog p on {near} of {count} \
         rows, {:.1} % of it on average; {:.0} cells, {:.2?} (median), {:.2?} (most)",
        100.0 * share / count,
        cells as f64 / count,
        times[times.len() / 2],
        times[times.len() - 1],
    );
}
