//! `hoplens sweep`: measures an injection grid.

use std::io::Write;
use std::num::NonZeroUsize;
use std::time::Instant;

use crate::cli::error::CliError;
use crate::cli::global::{Global, OutputFormat};
use crate::cli::grid::{GridArgs, scopes};
use crate::cli::outcome::CommandOutcome;
use crate::cli::{evidence, json, progress, resident};
use hoplens_ide::documents::{SweepDocument, SweepEvidence, SweepQuery, measure_evidence};
use hoplens_ide::{factor, percent, quoted};
use hoplens_injection::Scope;
use hoplens_interp::ModelContext;
use hoplens_interp::memory::{Grid, GridSearch, Sweep, search, sweep};
use hoplens_runtime::{CancelToken, PromptQuery};

#[derive(Debug, clap::Args)]
#[command(mut_arg("scope", |arg| arg.help("Positions that are changed; `span` needs --span")))]
pub(super) struct SweepArgs {
    /// The prompt, exactly as the model should read it.
    #[arg(long, short)]
    prompt: String,
    /// The expected answer; can be given several times.
    #[arg(long, short, required = true)]
    expect: Vec<String>,
    /// The memory's text.
    #[arg(long)]
    memory: String,
    #[command(flatten)]
    grid: GridArgs,
    /// The part of the prompt for scope `span`.
    #[arg(long, value_name = "TEXT")]
    span: Option<String>,
    /// Which occurrence of it, from 1.
    #[arg(long, value_name = "N", default_value = "1", requires = "span")]
    nth: NonZeroUsize,
    /// Restrict the memory to what this head (from 0) of each layer can write.
    #[arg(long, value_name = "H")]
    head: Option<usize>,
    /// Search for the best cells only; the search in each scope costs about this many passes over
    /// the prompt.
    #[arg(long, value_name = "PASSES", num_args = 0..=1, default_missing_value = "50")]
    search: Option<f64>,
}

pub(super) fn run(args: &SweepArgs, global: &Global) -> Result<CommandOutcome, CliError> {
    let (taus, layers) = (args.grid.taus()?, args.grid.layers()?);
    let scopes = scopes(&args.grid.scope, args.span.as_deref(), args.nth.get())?;
    let model = resident::load(global)?;
    let grid = Grid {
        encodings: args.grid.encoding.iter().map(Into::into).collect(),
        layers: layers.unwrap_or_else(|| (0..model.info.layers).collect()),
        taus,
        scopes,
        head: args.head,
    };
    let query = PromptQuery {
        answers: hoplens_analysis::answers(&model, &args.prompt, &args.expect)?,
        ..PromptQuery::new(&model.tokenizer, args.prompt.as_str(), global.bos())
    };
    let cells = grid.encodings.len() * grid.layers.len() * grid.taus.len() * grid.scopes.len();
    let bar = progress::bar(cells, "cells");
    let start = Instant::now();
    let (memory, cancel) = (args.memory.as_str(), CancelToken::new());
    let context = ModelContext::new(&model, &cancel);
    let progress = &mut |done| bar.set_position(done as u64);
    let swept = match args.search {
        Some(passes) => {
            let grid = &grid;
            search(
                context,
                &query,
                memory,
                GridSearch { grid, passes },
                progress,
            )?
        }
        None => sweep(context, &query, memory, &grid, progress)?,
    };
    let elapsed_ms = start.elapsed().as_secs_f64() * 1e3;
    bar.set_message("random memories");
    let sweep_query = SweepQuery {
        prompt: &args.prompt,
        expect: &args.expect,
        memory,
    };
    let evidence = measure_evidence(context, &query, sweep_query, swept.best())?;
    bar.finish_and_clear();
    let out = &mut anstream::stdout().lock();
    if global.format() == OutputFormat::Json {
        let result = SweepDocument::new(sweep_query, &swept, &evidence, elapsed_ms);
        json::print(out, Some(&model.info), result)?;
    } else {
        let result = SweepResult {
            expect: &args.expect,
            grid: &grid,
            swept: &swept,
            evidence: &evidence,
        };
        print_text(out, result)?;
        let (cells, name) = (swept.cells.len(), &model.info.name);
        writeln!(out, "{cells} cells in {elapsed_ms:.0} ms on {name}")?;
    }
    Ok(CommandOutcome::Clean)
}

/// The result of a sweep.
#[derive(Clone, Copy)]
struct SweepResult<'a> {
    expect: &'a [String],
    grid: &'a Grid,
    swept: &'a Sweep,
    evidence: &'a SweepEvidence,
}

/// Prints one table for each encoding and scope: layers as rows, τ as columns, and percent in the
/// cells that were measured.
fn print_text(out: &mut dyn Write, result: SweepResult<'_>) -> Result<(), CliError> {
    let SweepResult {
        expect,
        grid,
        swept,
        evidence,
    } = result;
    let baseline = swept.baseline.logp_first.exp();
    let answers: Vec<String> = expect.iter().map(|answer| quoted(answer)).collect();
    writeln!(
        out,
        "first token of {} as written: {} (#{})",
        answers.join(" or "),
        percent(baseline),
        swept.baseline.rank + 1
    )?;
    let bold = anstyle::Style::new().bold();
    let best = swept.best();
    let widest = grid.taus.iter().map(|tau| tau.to_string().len()).max();
    let width = (widest.unwrap_or(0) + 1).max(9);
    let tables = swept
        .cells
        .chunk_by(|a, b| a.encoding == b.encoding && a.scope == b.scope);
    for cells in tables {
        let Some(first) = cells.first() else { continue };
        writeln!(
            out,
            "\n{:?}, {}{}: P in % by layer and τ",
            first.encoding,
            scope_name(&first.scope),
            head_name(first.head)
        )?;
        let head: Vec<String> = grid
            .taus
            .iter()
            .map(|tau| format!("{tau:>width$}"))
            .collect();
        writeln!(out, "layer {}", head.concat())?;
        for row in cells.chunk_by(|a, b| a.layer == b.layer) {
            write!(out, "{:>5} ", row[0].layer)?;
            // A search leaves most cells of a row empty.
            let mut row = row.iter().peekable();
            for tau in &grid.taus {
                let Some(cell) = row.next_if(|cell| cell.tau.total_cmp(tau).is_eq()) else {
                    write!(out, "{:>width$}", "·")?;
                    continue;
                };
                let style = if Some(cell) == best {
                    bold
                } else {
                    anstyle::Style::new()
                };
                let shown = in_cell(cell.logp_first.exp());
                write!(out, "{style}{shown:>width$}{style:#}")?;
            }
            writeln!(out)?;
        }
    }
    if let Some(best) = best {
        let p = best.logp_first.exp();
        writeln!(
            out,
            "\nbest: {:?}, {}{}, layer {}, τ {}: {} ({}, #{})",
            best.encoding,
            scope_name(&best.scope),
            head_name(best.head),
            best.layer,
            best.tau,
            percent(p),
            factor(p / baseline),
            best.rank + 1
        )?;
    }
    Ok(evidence::print_text(out, evidence)?)
}

/// Formats a probability in percent, with two decimals, or two significant digits if it is small.
fn in_cell(p: f64) -> String {
    let share = 100.0 * p;
    if share < 0.095 {
        percent(p).trim_end_matches(" %").to_owned()
    } else {
        format!("{share:.2}")
    }
}

fn scope_name(scope: &Scope) -> String {
    match scope {
        Scope::All => "all positions".into(),
        Scope::Last => "last token".into(),
        Scope::Span(span) if span.nth > 1 => {
            format!("at {}, occurrence {}", quoted(&span.text), span.nth)
        }
        Scope::Span(span) => format!("at {}", quoted(&span.text)),
    }
}

fn head_name(head: Option<usize>) -> String {
    head.map_or_else(String::new, |head| format!(", head {head}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_probabilities_keep_two_digits_and_fit_their_column() {
        let cells = [
            0.0, 1.2e-300, 4.8e-12, 1.2e-7, 4.8e-5, 0.000_949, 0.001, 0.2345, 1.0,
        ];
        let shown: Vec<String> = cells.into_iter().map(in_cell).collect();
        assert_eq!(
            shown,
            [
                "0", "1.2e-298", "4.8e-10", "0.000012", "0.0048", "0.095", "0.10", "23.45",
                "100.00"
            ]
        );
        assert!(shown.iter().all(|cell| cell.len() < 9));
    }
}
