//! `hoplens bench`: measures the speed and memory of this machine.

mod influence;
mod repairs;

use std::io::Write;
use std::time::Instant;

use serde::Serialize;

use crate::cli::bench::influence::{InfluenceTime, influence_time};
use crate::cli::bench::repairs::repair_time;
use crate::cli::error::CliError;
use crate::cli::global::{Global, OutputFormat};
use crate::cli::outcome::CommandOutcome;
use crate::cli::{json, progress, resident};
use hoplens_analysis::InfluenceMethod;
use hoplens_injection::{Encoding, Scope};
use hoplens_interp::ModelContext;
use hoplens_interp::memory::{Grid, sweep};
use hoplens_runtime::{
    Answer, BosPolicy, CancelToken, Capture, Hooks, Model, Positions, PromptQuery, Reuse,
    gemm_peak, top_k,
};

#[derive(Debug, clap::Args)]
pub(super) struct BenchArgs {
    /// Runs of each figure; the median is reported.
    #[arg(long, default_value_t = 7)]
    runs: usize,
}

/// One measured figure.
#[derive(Debug, Serialize)]
struct Figure {
    name: String,
    value: f64,
    unit: &'static str,
    /// Share of the GEMM peak, if matrix products are most of the work.
    #[serde(skip_serializing_if = "Option::is_none")]
    of_peak: Option<f64>,
}

#[derive(Serialize)]
struct BenchResult {
    threads: usize,
    figures: Vec<Figure>,
}

/// A text that is repeated to make longer prompts. Every family's tokenizer splits the repetitions
/// into more tokens than are used.
const TEXT: &str = "The largest coral reef system in the world is located off the coast of \
                    Queensland, and the people who live near it depend on it for their food. ";

pub(super) fn run(args: &BenchArgs, global: &Global) -> Result<CommandOutcome, CliError> {
    let runs = args.runs.max(1);
    let model = resident::load(global)?;
    let spinner = progress::spinner("measuring");
    let peak = gemm_peak(runs);
    let mut bench = Bench {
        model: &model,
        peak,
        runs,
        figures: Vec::new(),
    };
    bench.push("GEMM peak", peak / 1e9, "GFLOP/s", None);
    bench.push("load", model.load_time.as_secs_f64() * 1e3, "ms", None);
    let mut bytes = 0;
    let seconds = median(runs, || -> Result<(), CliError> {
        bytes = model.read_weights();
        Ok(())
    })?;
    bench.push("reading every weight", seconds * 1e3, "ms", None);
    bench.push("… that is", bytes as f64 / seconds / 1e9, "GB/s", None);
    for tokens in [14, 128, 512, 1500] {
        bench.forward(tokens)?;
    }
    bench.traced(14)?;
    bench.traced(1500)?;
    bench.rerun(128)?;
    bench.generate(14, 64)?;
    bench.sweep(&Scope::All, &[1.0, 6.0])?;
    bench.sweep(&Scope::Last, &[1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 11.0, 15.0])?;
    bench.repairs()?;
    bench.influence(InfluenceMethod::Remove)?;
    bench.influence(InfluenceMethod::Knockout)?;
    if let Some(bytes) = peak_memory() {
        bench.push("peak memory", bytes / 1e6, "MB", None);
    }
    let figures = bench.figures;
    spinner.finish_and_clear();
    let out = &mut anstream::stdout().lock();
    if global.format() == OutputFormat::Json {
        let threads = rayon::current_num_threads();
        json::print(out, Some(&model.info), BenchResult { threads, figures })?;
    } else {
        for figure in &figures {
            let share = figure.of_peak.map_or_else(String::new, |share| {
                format!("  {:.0} % of the GEMM peak", 100.0 * share)
            });
            let Figure {
                name, value, unit, ..
            } = figure;
            writeln!(out, "{name:<36} {value:>9.1} {unit}{share}")?;
        }
    }
    Ok(CommandOutcome::Clean)
}

struct Bench<'a> {
    model: &'a Model,
    /// Floating point operations per second.
    peak: f64,
    runs: usize,
    figures: Vec<Figure>,
}

impl Bench<'_> {
    fn push(
        &mut self,
        name: impl Into<String>,
        value: f64,
        unit: &'static str,
        flops: Option<f64>,
    ) {
        let of_peak = flops.map(|flops| flops / self.peak);
        self.figures.push(Figure {
            name: name.into(),
            value,
            unit,
            of_peak,
        });
    }

    /// Returns the token ids of a prompt of exactly this length; `None` if the model's context is
    /// shorter.
    fn prompt(&self, tokens: usize) -> Option<Vec<u32>> {
        let text = TEXT.repeat(tokens / 14 + 1);
        let mut ids = self.model.tokenizer.ids(&text);
        ids.truncate(tokens);
        (ids.len() == tokens && tokens <= self.model.config().context).then_some(ids)
    }

    /// Returns the median time of a pass, in seconds.
    fn time(&self, ids: &[u32], hooks: &Hooks) -> Result<f64, CliError> {
        let pass = || {
            self.model
                .forward(&[ids], hooks, &CancelToken::new())
                .map(|_| ())
        };
        Ok(median(self.runs, pass)?)
    }

    fn forward(&mut self, tokens: usize) -> Result<(), CliError> {
        let Some(ids) = self.prompt(tokens) else {
            return Ok(());
        };
        let hooks = Hooks::interventions(Vec::new());
        let seconds = self.time(&ids, &hooks)?;
        let rate = self.model.flops(tokens, tokens, 1) / seconds;
        self.push(
            format!("forward, {tokens} tokens"),
            seconds * 1e3,
            "ms",
            Some(rate),
        );
        Ok(())
    }

    fn traced(&mut self, tokens: usize) -> Result<(), CliError> {
        let Some(ids) = self.prompt(tokens) else {
            return Ok(());
        };
        let hooks = Hooks::capture(Capture {
            logits: Positions::Last,
            attention: Positions::Last,
            z: Positions::Last,
            ..Capture::default()
        });
        let seconds = self.time(&ids, &hooks)?;
        let rate = self.model.flops(tokens, tokens, 1) / seconds;
        let name = format!("traced forward, {tokens} tokens");
        self.push(name, seconds * 1e3, "ms", Some(rate));
        Ok(())
    }

    /// Measures a pass over a prompt whose last token changed since the last pass, as when the user
    /// types.
    fn rerun(&mut self, tokens: usize) -> Result<(), CliError> {
        let Some(mut ids) = self.prompt(tokens) else {
            return Ok(());
        };
        let hooks = Hooks {
            reuse: Reuse::Keys,
            ..Hooks::interventions(Vec::new())
        };
        let mut run = |token: u32| {
            ids[tokens - 1] = token;
            self.model.forward(&[&ids], &hooks, &CancelToken::new())
        };
        run(1)?;
        let mut next = 1;
        let seconds = median(self.runs, || {
            next += 1;
            run(next).map(|_| ())
        })?;
        let name = format!("rerun, last of {tokens} tokens changed");
        let rate = self.model.flops(1, tokens, 1) / seconds;
        self.push(name, seconds * 1e3, "ms", Some(rate));
        self.model.clear_cache();
        Ok(())
    }

    /// Measures greedy decoding after a prompt, token by token.
    fn generate(&mut self, tokens: usize, more: usize) -> Result<(), CliError> {
        let Some(ids) = self.prompt(tokens) else {
            return Ok(());
        };
        if tokens + more > self.model.config().context {
            return Ok(());
        }
        let cancel = CancelToken::new();
        let mut continuation = self.model.continuation(&[])?;
        let mut next = greedy(continuation.push(&ids, &cancel)?);
        let mut times = Vec::with_capacity(more);
        for _ in 0..more {
            let start = Instant::now();
            next = greedy(continuation.push(&[next], &cancel)?);
            times.push(start.elapsed().as_secs_f64());
        }
        times.sort_by(f64::total_cmp);
        let seconds = times[more / 2];
        let rate = self.model.flops(1, tokens + more / 2, 1) / seconds;
        let name = format!("generate, a token behind {tokens}");
        self.push(name, seconds * 1e3, "ms", Some(rate));
        self.push("… the fastest", times[0] * 1e3, "ms", None);
        Ok(())
    }

    /// Measures the repairs of a failing case, with the evidence for them.
    fn repairs(&mut self) -> Result<(), CliError> {
        let model = self.model;
        let mut times = Vec::new();
        for _ in 0..self.runs.min(3) {
            times.push(repair_time(model)?);
        }
        times.sort_by(f64::total_cmp);
        model.clear_cache();
        self.push(
            "repairs of a case",
            times[times.len() / 2] * 1e3,
            "ms",
            None,
        );
        Ok(())
    }

    /// Measures every sentence of a long prompt.
    fn influence(&mut self, method: InfluenceMethod) -> Result<(), CliError> {
        let mut times = Vec::new();
        for _ in 0..self.runs.min(3) {
            times.extend(influence_time(self.model, method)?);
        }
        times.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
        self.model.clear_cache();
        let Some(InfluenceTime {
            sentences,
            tokens,
            seconds,
        }) = times.get(times.len() / 2)
        else {
            return Ok(());
        };
        let what = match method {
            InfluenceMethod::Remove => "removed",
            InfluenceMethod::Knockout => "hidden",
        };
        let name = format!("influence, {tokens} tokens, {sentences} {what}");
        self.push(name, seconds * 1e3, "ms", None);
        Ok(())
    }

    fn sweep(&mut self, scope: &Scope, taus: &[f64]) -> Result<(), CliError> {
        let text = "The largest coral reef system in the world is located off the coast of";
        let prompt = PromptQuery::new(&self.model.tokenizer, text, BosPolicy::Never);
        let ids = self.model.tokenizer.ids(" Australia");
        let (Some(first), false) = (ids.first(), prompt.tokens.is_empty()) else {
            return Ok(());
        };
        let query = PromptQuery {
            answers: vec![Answer::from_token(*first)],
            ..prompt
        };
        let cancel = CancelToken::new();
        let context = ModelContext::new(self.model, &cancel);
        let layers = self.model.info.layers;
        let grid = Grid {
            encodings: vec![Encoding::Embed],
            layers: (0..layers).collect(),
            taus: taus.to_vec(),
            scopes: vec![scope.clone()],
            head: None,
        };
        let memory = "Great Barrier Reef";
        let seconds = median(self.runs.min(3), || {
            // Measure the sweep of a new prompt, without cached passes.
            self.model.clear_cache();
            let progress = &mut |_| {};
            sweep(context, &query, memory, &grid, progress).map(|_| ())
        })?;
        let (name, rows) = match scope {
            Scope::All => ("sweep, all positions", query.tokens.len()),
            _ => ("sweep, last token", 1),
        };
        let cells = (layers * taus.len()) as f64;
        let flops: f64 = (0..layers)
            .map(|layer| self.model.fork_flops(layer, rows, query.tokens.len()))
            .sum();
        let flops = flops * taus.len() as f64;
        self.push(name, cells / seconds, "cells/s", Some(flops / seconds));
        Ok(())
    }
}

/// Returns the likeliest token.
fn greedy(logits: &[f32]) -> u32 {
    top_k(logits, 1).first().map_or(0, |best| best.token)
}

/// Returns the median time of `runs` calls, in seconds, after one warm-up call.
fn median<E>(runs: usize, mut call: impl FnMut() -> Result<(), E>) -> Result<f64, E> {
    call()?;
    let mut times = Vec::with_capacity(runs);
    for _ in 0..runs {
        let start = Instant::now();
        call()?;
        times.push(start.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}

/// Returns the peak resident memory of this process, in bytes, if the system reports it.
fn peak_memory() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1024.0)
}
