//! The forward pass and what is built on it, call by call: the same paths as `hoplens bench`, with
//! statistics and a comparison with the run before.
//!
//! On the default model where it is on this disk (`hoplens models pull`), otherwise on a
//! miniature, whose figures say nothing about a real one.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use hoplens_injection::{Encoding, Scope};
use hoplens_interp::ModelContext;
use hoplens_interp::lens::{Ablation, HeadAt, ablate_heads, read_heads};
use hoplens_interp::memory::{Grid, sweep};
use hoplens_runtime::{
    Answer, BosPolicy, CancelToken, Capture, Hooks, LoadOptions, Model, Positions, PromptQuery,
    Reuse,
};
use hoplens_store::ModelFiles;
use hoplens_store::{ModelRef, StoreOptions, locate};

const PROMPT: &str = "The largest coral reef system in the world is located off the coast of";

fn files() -> ModelFiles {
    let located = locate(&ModelRef::default_model(), &StoreOptions::from_env());
    if let Ok(Some(located)) = located {
        return located.format;
    }
    let fixtures = hoplens_test_support::root().join("tests/fixtures");
    ModelFiles::Folder(fixtures.join("tiny-llama"))
}

fn load() -> Model {
    Model::load(&files(), &LoadOptions::default()).unwrap()
}

/// Ids of just as many tokens, or of as many as the model reads.
fn prompt(model: &Model, tokens: usize) -> Vec<u32> {
    let mut ids = model.tokenizer.ids(&PROMPT.repeat(tokens / 8 + 1));
    ids.truncate(tokens.min(model.config().context));
    ids
}

fn forward(c: &mut Criterion) {
    let model = load();
    let mut group = c.benchmark_group(format!("forward, {}", model.info.name));
    group.sample_size(10);
    for tokens in [14, 128, 512] {
        let ids = prompt(&model, tokens);
        let clean = Hooks::interventions(Vec::new());
        group.bench_function(format!("clean, {tokens} tokens"), |b| {
            b.iter(|| model.forward(black_box(&[&ids]), &clean, &CancelToken::new()));
        });
        let traced = Hooks::capture(Capture {
            logits: Positions::Last,
            attention: Positions::Last,
            z: Positions::Last,
            ..Capture::default()
        });
        group.bench_function(format!("traced, {tokens} tokens"), |b| {
            b.iter(|| model.forward(black_box(&[&ids]), &traced, &CancelToken::new()));
        });
    }
    group.finish();
}

fn rerun(c: &mut Criterion) {
    let model = load();
    let mut group = c.benchmark_group(format!("rerun, {}", model.info.name));
    group.sample_size(20);
    let hooks = Hooks {
        reuse: Reuse::Keys,
        ..Hooks::interventions(Vec::new())
    };
    for changed in [127, 64] {
        let mut ids = prompt(&model, 128);
        let changed = changed.min(ids.len() - 1);
        let mut token = 0;
        group.bench_function(format!("128 tokens, changed from {changed} on"), |b| {
            b.iter(|| {
                token = (token + 1) % 400;
                ids[changed] = token;
                model.forward(&[&ids], &hooks, &CancelToken::new())
            });
        });
    }
    group.finish();
}

fn readings(c: &mut Criterion) {
    let model = load();
    let mut group = c.benchmark_group(format!("heads, {}", model.info.name));
    group.sample_size(10);
    let ids = prompt(&model, 14);
    let query = PromptQuery {
        answers: vec![Answer::from_token(3)],
        ..PromptQuery::from_ids(&ids)
    };
    let cancel = CancelToken::new();
    let context = ModelContext::new(&model, &cancel);
    group.bench_function("read all", |b| {
        b.iter(|| {
            model.clear_cache();
            read_heads(context, &query, 3, 4)
        });
    });
    let heads = (0..model.info.heads).map(|head| HeadAt { layer: 0, head });
    let heads: Vec<HeadAt> = heads.collect();
    group.bench_function("ablate a layer's", |b| {
        b.iter(|| ablate_heads(context, &query, &heads, Ablation::Zero));
    });
    group.finish();
}

fn sweeps(c: &mut Criterion) {
    let model = load();
    let mut group = c.benchmark_group(format!("sweep, {}", model.info.name));
    group.sample_size(10);
    let query = PromptQuery {
        answers: vec![Answer::from_token(3)],
        ..PromptQuery::new(&model.tokenizer, PROMPT, BosPolicy::Never)
    };
    let cancel = CancelToken::new();
    let context = ModelContext::new(&model, &cancel);
    for scope in [Scope::All, Scope::Last] {
        let grid = Grid {
            head: None,
            encodings: vec![Encoding::Embed],
            layers: (0..model.info.layers).collect(),
            taus: vec![1.0, 6.0],
            scopes: vec![scope.clone()],
        };
        group.bench_function(format!("{scope:?}, two magnitudes"), |b| {
            b.iter_batched(
                || model.clear_cache(),
                |()| {
                    let memory = "Great Barrier Reef";
                    sweep(context, &query, memory, &grid, &mut |_| {})
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

fn start(c: &mut Criterion) {
    let mut group = c.benchmark_group("load");
    group.sample_size(10);
    group.bench_function("ready to answer", |b| b.iter(load));
    group.finish();
}

criterion_group!(benches, start, forward, rerun, readings, sweeps);
criterion_main!(benches);
