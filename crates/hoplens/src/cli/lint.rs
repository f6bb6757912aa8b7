//! `hoplens lint`: reports what is wrong in prompt files without a model.

use std::io::Write;

use crate::cli::error::CliError;
use crate::cli::findings::checked_files::CheckedFiles;
use crate::cli::findings::partials::lint_findings;
use crate::cli::findings::{read_files, report, text};
use crate::cli::global::{Global, OutputFormat};
use crate::cli::outcome::CommandOutcome;
use hoplens_ide::{Diagnostic, Snapshot};

#[derive(Debug, clap::Args)]
pub(super) struct LintArgs {
    /// Prompt files, folders to look for them in, or globs such as "prompts/**/*.prompt".
    #[arg(required = true)]
    paths: Vec<String>,
}

pub(super) fn run(args: &LintArgs, global: &Global) -> Result<CommandOutcome, CliError> {
    lint(&args.paths, global)
}

/// Reports the findings about the files that `paths` name. No model is searched or loaded.
pub(super) fn lint(paths: &[String], global: &Global) -> Result<CommandOutcome, CliError> {
    let files = read_files::find(paths, global)?;
    let read_files::ReadFiles { read, refused } = read_files::read(&files)?;
    let found: Vec<Vec<Diagnostic>> = read.iter().map(lint_findings).collect();
    if global.format() == OutputFormat::Text {
        print_files(&read, &found)?;
    }
    let checked = CheckedFiles {
        model: None,
        snapshots: &read,
        found: &found,
        compared: None,
        refused: refused.len(),
    };
    report::print(&checked, global)?;
    report::refused(refused)?;
    Ok(report::outcome(&found))
}

/// Prints each finding under its file.
pub(super) fn print_files(read: &[Snapshot], found: &[Vec<Diagnostic>]) -> Result<(), CliError> {
    let out = &mut anstream::stdout().lock();
    for (snapshot, found) in read.iter().zip(found) {
        text::file(out, snapshot, found, None)?;
    }
    out.flush()?;
    Ok(())
}
