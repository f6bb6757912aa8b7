//! `hoplens probe`: runs one prompt.

use std::io::Write;

use serde::Serialize;

use crate::cli::error::CliError;
use crate::cli::global::{Global, OutputFormat};
use crate::cli::outcome::CommandOutcome;
use crate::cli::{json, resident};
use hoplens_analysis::{
    AnalysisContext, AnalysisSettings, CaseQuery, TokenProbability, TokenReading, run_probes,
};
use hoplens_ide::{percent, quoted, token_label};
use hoplens_runtime::CancelToken;

#[derive(Debug, clap::Args)]
pub(super) struct ProbeArgs {
    /// The prompt, exactly as the model should read it.
    #[arg(long, short)]
    prompt: String,
    /// The expected answer; can be given several times.
    #[arg(long, short)]
    expect: Vec<String>,
}

#[derive(Serialize)]
struct ProbeResult<'a> {
    prompt: &'a str,
    expect: &'a [String],
    /// This and the next three are null if no answer is expected.
    p: Option<f64>,
    logp: Option<f64>,
    logp_first: Option<f64>,
    rank: Option<usize>,
    top: &'a [TokenProbability],
    tokens: &'a [TokenReading],
}

pub(super) fn run(args: &ProbeArgs, global: &Global) -> Result<CommandOutcome, CliError> {
    let model = resident::load(global)?;
    let settings = AnalysisSettings {
        bos: global.bos(),
        ..AnalysisSettings::default()
    };
    let query = CaseQuery {
        prompt: args.prompt.clone(),
        expect: args.expect.clone(),
        ..CaseQuery::default()
    };
    let cancel = CancelToken::new();
    let (probes, tokens) = run_probes(&AnalysisContext::new(&model, &settings, &cancel), &query)?;
    let probe = probes.composed;
    let out = &mut anstream::stdout().lock();
    if global.format() == OutputFormat::Json {
        let expects = !args.expect.is_empty();
        let result = ProbeResult {
            prompt: &probe.prompt,
            expect: &args.expect,
            p: expects.then_some(probe.p),
            logp: expects.then_some(probe.logp),
            logp_first: expects.then_some(probe.logp_first),
            rank: expects.then_some(probe.rank),
            top: &probe.top,
            tokens: &tokens,
        };
        json::print(out, Some(&model.info), result)?;
        return Ok(CommandOutcome::Clean);
    }
    for token in &tokens {
        let p = token
            .logp
            .map_or_else(|| "(first)".into(), |logp| percent(logp.exp()));
        writeln!(out, "{p:>12}  {}", token_label(&token.text))?;
    }
    writeln!(out, "\nnext:")?;
    for next in &probe.top {
        writeln!(out, "{:>12}  {}", percent(next.p), token_label(&next.token))?;
    }
    if let Some(expect) = args.expect.first() {
        let others = if args.expect.len() > 1 {
            " and its aliases"
        } else {
            ""
        };
        let (p, rank) = (percent(probe.p), probe.rank + 1);
        writeln!(out, "\nexpected {}{others}: {p} (#{rank})", quoted(expect))?;
    }
    Ok(CommandOutcome::Clean)
}
