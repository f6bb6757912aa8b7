//! The command line: one file a subcommand.
//!
//! Exit codes: 0 clean, 1 findings, 2 usage or tool error, 130 interrupted with a partial result. Results go to standard output, logs
//! and progress to standard error.

mod analysis_session;
mod bench;
mod cases;
mod check;
mod error;
mod eval;
mod evidence;
mod export;
mod findings;
mod generate;
mod global;
mod grid;
mod influence;
mod interrupt;
mod json;
mod lens;
mod lint;
mod lists;
mod logging;
mod lsp;
pub mod models;
mod outcome;
mod probe;
mod progress;
mod projects;
mod prompt_files;
mod repair;
mod report;
mod resident;
mod sweep;
mod write;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use error::CliError;
use global::{Global, OutputFormat};
use outcome::CommandOutcome;

/// Shows what a local transformer does with your prompts, and repairs what fails.
#[derive(Debug, Parser)]
#[command(name = "hoplens", version, max_term_width = 100)]
struct Args {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Analyse prompt files: which hop fails, and which measured change repairs it.
    Check(check::CheckArgs),
    /// Report what is wrong in prompt files without a model: variables, helpers, partials, roles.
    Lint(lint::LintArgs),
    /// Rank the measured repairs of a prompt file's cases, and apply one.
    Repair(repair::RepairArgs),
    /// Measure one prompt: how probable the expected answer and every token are.
    Probe(probe::ProbeArgs),
    /// Read what every attention head does at a token, and train lenses for heads.
    Lens(lens::LensArgs),
    /// Measure an injection grid: encodings × layers × τ × scopes of one memory.
    Sweep(sweep::SweepArgs),
    /// Measure which sentences of a prompt matter: what its cases do without each of them.
    Influence(influence::InfluenceArgs),
    /// Continue a prompt file's prompt with its injections.
    Generate(generate::GenerateArgs),
    /// Write injections for other tools: a llama.cpp control vector, a Python script.
    Export(export::ExportArgs),
    /// Run the papers' experiment over a data set: every prompt × cell, with a summary and a
    /// control.
    Eval(eval::EvalArgs),
    /// List, fetch, show, remove or find models.
    Models {
        #[command(subcommand)]
        command: models::ModelsCommand,
    },
    /// Measure figures for this machine: speed and memory, each with its share of the GEMM peak.
    Bench(bench::BenchArgs),
    /// Run the language server on standard input and output.
    Lsp(lsp::LspArgs),
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    // clap prints its own usage errors and exits with 2.
    let mut args = Args::parse();
    match run(&mut args) {
        Ok(CommandOutcome::Clean) => ExitCode::SUCCESS,
        Ok(CommandOutcome::Findings) => ExitCode::from(1),
        // 128 + SIGINT, as shells have it.
        Ok(CommandOutcome::Interrupted) => ExitCode::from(130),
        // The reader of a pipe that has seen enough is not a failure.
        Err(CliError::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => {
            ExitCode::SUCCESS
        }
        Err(error) => {
            error::print(&error);
            ExitCode::from(2)
        }
    }
}

fn run(args: &mut Args) -> Result<CommandOutcome, CliError> {
    match &args.command {
        Command::Lsp(lsp) => logging::init(true, lsp.log_file())?,
        _ => logging::init(false, None)?,
    }
    global::init(&args.global)?;
    args.global.project = match (projects::of_folder(), &args.command) {
        // The server tells of it and goes on.
        (Err(error), Command::Lsp(_)) => {
            tracing::warn!(%error);
            hoplens_workspace::Project::default()
        }
        (project, _) => project?,
    };
    let args = &*args;
    args.global.refuse_formats(match args.command {
        Command::Check(_) | Command::Lint(_) => &[OutputFormat::Sarif, OutputFormat::Github],
        Command::Lens(_) => &[OutputFormat::Svg],
        _ => &[],
    })?;
    match &args.command {
        Command::Check(command) => check::run(command, &args.global),
        Command::Lint(command) => lint::run(command, &args.global),
        Command::Repair(command) => repair::run(command, &args.global),
        Command::Probe(command) => probe::run(command, &args.global),
        Command::Lens(command) => lens::run(command, &args.global),
        Command::Sweep(command) => sweep::run(command, &args.global),
        Command::Influence(command) => influence::run(command, &args.global),
        Command::Generate(command) => generate::run(command, &args.global),
        Command::Export(command) => export::run(command, &args.global),
        Command::Eval(command) => eval::run(command, &args.global),
        Command::Models { command } => models::run_command(command, &args.global),
        Command::Bench(command) => bench::run(command, &args.global),
        Command::Lsp(command) => lsp::run(command, &args.global),
    }
}
