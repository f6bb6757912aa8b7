//! How often the Jacobian lens names the bridge of a two-hop prompt, which the prompt does not
//! name; and how long its fit takes.
//!
//! `cargo bench -p hoplens-interp --bench jacobian -- FILE.csv…` reads the columns of `hoplens
//! eval`, fits a lens and reads each row's obscure sentence with it, from the end of the mention
//! on. `--lens FILE` reads with a lens of `hoplens lens fit` or with the full matrices of another
//! program, instead of fitting one; `--sequences N`, `--tokens N` and `--seed N` change the fit, and
//! `--ranks 32,128` the ranks that are compared. `--rows` prints each row. The figures are in
//! `docs/jacobian-lens.md`.
#![allow(
    clippy::print_stdout,
    reason = "a benchmark's report goes to standard output"
)]

use std::time::Instant;

use hoplens_interp::ModelContext;
use hoplens_interp::lens::jacobian::{
    DEFAULT_RANK, JacobianFit, JacobianLens, ResidualLens, bridge_tokens, read_residuals,
};
use hoplens_interp::lens::{SampleOptions, SampleStart, sample};
use hoplens_runtime::{BosPolicy, CancelToken, LoadOptions, Model, PromptQuery};
use hoplens_store::{ModelRef, StoreOptions, locate};
use rayon::prelude::*;

/// The layers that are read, as shares of the model's depth: those before are not about words, and
/// those after are about the next token.
const LAYERS: (f64, f64) = (8.0 / 30.0, 26.0 / 30.0);

/// A prompt with the first position that is read, and the tokens of its own bridge and of those of
/// all other rows.
struct Row {
    query: PromptQuery,
    bridge: String,
    first: usize,
    own: Vec<u32>,
    others: Vec<Vec<u32>>,
}

struct Arguments {
    paths: Vec<String>,
    lens: Option<String>,
    sequences: usize,
    tokens: usize,
    seed: u64,
    ranks: Vec<usize>,
    rows: bool,
}

fn main() {
    let arguments = arguments();
    let located = locate(&model_reference(), &StoreOptions::from_env()).unwrap();
    let Some(located) = located else {
        println!("the model is not there: hoplens models pull");
        return;
    };
    let options = LoadOptions {
        name: located.name.clone(),
        sha256: located.sha256.clone(),
        ..LoadOptions::default()
    };
    let model = Model::load(&located.format, &options).unwrap();
    let rows: Vec<(String, Vec<Row>)> = arguments
        .paths
        .iter()
        .map(|path| (path.clone(), rows(&model, path)))
        .collect();
    let report = |name: &str, lens: ResidualLens<'_>| {
        for (path, rows) in &rows {
            measure(
                &model,
                &format!("{path}, {name}"),
                rows,
                lens,
                arguments.rows,
            );
        }
    };
    report("logit lens", ResidualLens::Logit);
    for (name, lens) in lenses(&model, &arguments) {
        report(&name, ResidualLens::Jacobian(&lens));
    }
}

/// The model of `HOPLENS_MODEL`, or the default one.
fn model_reference() -> ModelRef {
    match std::env::var("HOPLENS_MODEL") {
        Ok(name) => ModelRef::parse(&name).unwrap(),
        Err(_) => ModelRef::default_model(),
    }
}

fn arguments() -> Arguments {
    let mut arguments = Arguments {
        paths: Vec::new(),
        lens: None,
        sequences: 4,
        tokens: 128,
        seed: 0,
        ranks: vec![DEFAULT_RANK],
        rows: false,
    };
    let mut given = std::env::args().skip(1);
    while let Some(argument) = given.next() {
        let mut value = || given.next().expect("the flag has a value");
        match argument.as_str() {
            "--lens" => arguments.lens = Some(value()),
            "--sequences" => arguments.sequences = value().parse().unwrap(),
            "--tokens" => arguments.tokens = value().parse().unwrap(),
            "--seed" => arguments.seed = value().parse().unwrap(),
            "--ranks" => {
                let list = value();
                arguments.ranks = list.split(',').map(|rank| rank.parse().unwrap()).collect();
            }
            "--rows" => arguments.rows = true,
            flag if flag.starts_with("--") => {}
            path => arguments.paths.push(path.to_owned()),
        }
    }
    if arguments.paths.is_empty() {
        let example = hoplens_test_support::root().join("examples/two-hop.csv");
        arguments.paths.push(example.display().to_string());
    }
    arguments
}

/// The lenses to compare, with their names.
fn lenses(model: &Model, arguments: &Arguments) -> Vec<(String, JacobianLens)> {
    if let Some(path) = &arguments.lens {
        let bytes = std::fs::read(path).unwrap();
        if let Ok(lens) = JacobianLens::from_bytes(&bytes, model) {
            return vec![(path.clone(), lens)];
        }
        let import = |rank: &usize| {
            let lens = JacobianLens::import(&bytes, model, *rank).unwrap();
            (format!("{path}, rank {}", lens.about.rank), lens)
        };
        return arguments.ranks.iter().map(import).collect();
    }
    let cancel = CancelToken::new();
    let context = ModelContext::new(model, &cancel);
    let begun = Instant::now();
    let options = SampleOptions {
        count: arguments.sequences,
        length: arguments.tokens,
        seed: arguments.seed,
        start: SampleStart::Bos,
        top_p: Some(0.95),
    };
    let text = sample(context, options, &mut |_| {}).unwrap();
    let sampled = begun.elapsed().as_secs_f64();
    let mut fit = JacobianFit::new(model, text, arguments.sequences, arguments.seed).unwrap();
    while !fit.is_done() {
        fit.step(context, &mut |_| {}).unwrap();
    }
    let fitted = begun.elapsed().as_secs_f64() - sampled;
    println!(
        "{}: {} sequences of {} tokens: sampled in {sampled:.1} s, fitted in {fitted:.1} s",
        model.info.name, arguments.sequences, arguments.tokens
    );
    let truncate = |rank: &usize| {
        let begun = Instant::now();
        let lens = fit.lens(*rank).unwrap();
        let seconds = begun.elapsed().as_secs_f64();
        let megabytes = lens.to_bytes().unwrap().len() as f64 / 1e6;
        println!("rank {rank}: truncated in {seconds:.1} s, {megabytes:.1} MB");
        (format!("Jacobian lens, rank {}", lens.about.rank), lens)
    };
    arguments.ranks.iter().map(truncate).collect()
}

fn rows(model: &Model, path: &str) -> Vec<Row> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let headers = reader.headers().unwrap().clone();
    let column = |name| headers.iter().position(|header| header == name).unwrap();
    let columns = ["obscure_sentence", "obscure_entity", "explicit_entity"].map(column);
    let records: Vec<[String; 3]> = reader
        .records()
        .map(|record| {
            let record = record.unwrap();
            columns.map(|at| record[at].to_owned())
        })
        .collect();
    let row = |(index, [sentence, mention, bridge]): (usize, &[String; 3])| {
        // Where the prompt does not have the mention's own words, all of it is read.
        let found = sentence.find(mention.as_str());
        let end = found.map_or(0, |start| start + mention.len());
        let query = PromptQuery::new(&model.tokenizer, sentence.as_str(), BosPolicy::Auto);
        let ids = query.ids();
        let own = bridge_tokens(model, bridge, &ids);
        let others = records
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != index)
            .map(|(_, [_, _, other])| bridge_tokens(model, other, &ids));
        Row {
            first: query
                .tokens
                .iter()
                .position(|token| end <= token.range.end)
                .unwrap(),
            // Bridges that share a word with the row's own one are no control.
            others: others
                .filter(|other| other.iter().all(|token| !own.contains(token)))
                .collect(),
            own,
            bridge: bridge.clone(),
            query,
        }
    };
    records.iter().enumerate().map(row).collect()
}

/// The best rank of any of the tokens in the layers and from the row's first position on, for each
/// of several sets of tokens.
fn best_ranks(model: &Model, row: &Row, sets: &[&[u32]], lens: ResidualLens<'_>) -> Vec<usize> {
    let cancel = CancelToken::new();
    let context = ModelContext::new(model, &cancel);
    let depth = model.info.layers as f64;
    let layers = (LAYERS.0 * depth).round() as usize..(LAYERS.1 * depth).round() as usize;
    let residuals = read_residuals(context, &row.query, row.first).unwrap();
    let mut best = vec![usize::MAX; sets.len()];
    for layer in layers {
        let scores = lens.logits(model, layer, &residuals[layer]).unwrap();
        for row in scores.data.chunks_exact(scores.cols) {
            let mut sorted = row.to_vec();
            sorted.sort_unstable_by(|a, b| b.total_cmp(a));
            for (best, tokens) in best.iter_mut().zip(sets) {
                let ranks = tokens.iter().map(|token| {
                    let score = row[*token as usize];
                    sorted.partition_point(|other| *other > score)
                });
                *best = ranks.chain([*best]).min().unwrap_or(usize::MAX);
            }
        }
    }
    best
}

/// Prints how often the tokens of the bridge are among the first ones, and those of the other rows'
/// bridges.
fn measure(model: &Model, name: &str, rows: &[Row], lens: ResidualLens<'_>, prints_rows: bool) {
    let found: Vec<Vec<usize>> = rows
        .par_iter()
        .map(|row| {
            let others = row.others.iter().map(Vec::as_slice);
            let sets: Vec<&[u32]> = [row.own.as_slice()].into_iter().chain(others).collect();
            best_ranks(model, row, &sets, lens)
        })
        .collect();
    if prints_rows {
        for (row, ranks) in rows.iter().zip(&found) {
            println!("{:?} {:?}: rank {}", row.query.text, row.bridge, ranks[0]);
        }
    }
    let own = found.iter().map(|ranks| ranks[0]).collect();
    let others = found
        .iter()
        .flat_map(|ranks| &ranks[1..])
        .copied()
        .collect();
    println!("{name}, {} rows", rows.len());
    let parts: [(&str, Vec<usize>); 2] = [("bridge", own), ("bridges of other rows", others)];
    for (what, mut ranks) in parts {
        ranks.sort_unstable();
        let share = |most: usize| {
            let count = ranks.iter().filter(|rank| **rank < most).count();
            100.0 * count as f64 / ranks.len() as f64
        };
        println!(
            "  {what:22} top 1 {:4.1} %, top 5 {:4.1} %, top 10 {:4.1} %, top 50 {:4.1} %, median rank {}",
            share(1),
            share(5),
            share(10),
            share(50),
            ranks[ranks.len() / 2]
        );
    }
}
