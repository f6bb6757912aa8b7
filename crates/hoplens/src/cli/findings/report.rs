//! Prints findings in the format that the flags choose.

use serde::Serialize;

use crate::cli::check::lock::compare::Comparison;
use crate::cli::error;
use crate::cli::error::CliError;
use crate::cli::findings::checked_files::CheckedFiles;
use crate::cli::findings::{github, sarif, text};
use crate::cli::global::{Global, OutputFormat};
use crate::cli::json;
use crate::cli::outcome::CommandOutcome;
use crate::cli::report::{FileReport, file_report};
use hoplens_ide::Diagnostic;
use hoplens_prompt::Severity;

/// Prints the report. As text, only the part after all files.
pub(in crate::cli) fn print(checked: &CheckedFiles<'_>, global: &Global) -> Result<(), CliError> {
    let CheckedFiles {
        model,
        snapshots,
        found,
        compared,
        ..
    } = *checked;
    let out = &mut anstream::stdout().lock();
    match global.format() {
        OutputFormat::Text => {
            text::files_by_severity(out, checked)?;
            text::summary(out, checked)?;
            if let Some(compared) = compared {
                compared.print(out)?;
            }
        }
        OutputFormat::Json => {
            let files = snapshots.iter().zip(found);
            let files = files.map(|(snapshot, found)| file_report(snapshot, found));
            let result = CheckResult {
                files: files.collect(),
                baseline: compared,
            };
            json::print(out, model, result)?;
        }
        OutputFormat::Sarif => sarif::print(out, snapshots, found, compared)?,
        OutputFormat::Github => github::print(out, snapshots, found, compared)?,
        // Unsupported formats are rejected before anything is read.
        OutputFormat::Svg => {}
    }
    Ok(())
}

/// Prints the errors of files that could not be read, and returns the first.
pub(in crate::cli) fn refused(refused: Vec<CliError>) -> Result<(), CliError> {
    let mut refused = refused.into_iter();
    let Some(first) = refused.next() else {
        return Ok(());
    };
    refused.for_each(|other| error::print(&other));
    Err(first)
}

/// Returns the outcome of a command: findings if there are warnings or errors.
pub(in crate::cli) fn outcome(found: &[Vec<Diagnostic>]) -> CommandOutcome {
    let mut all = found.iter().flatten();
    if all.any(|diagnostic| diagnostic.severity >= Severity::Warning) {
        CommandOutcome::Findings
    } else {
        CommandOutcome::Clean
    }
}

#[derive(Serialize)]
struct CheckResult<'a> {
    files: Vec<FileReport<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline: Option<&'a Comparison>,
}
