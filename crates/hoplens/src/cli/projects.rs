//! Reads the settings of the project that a command works in.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use crate::cli::error::CliError;
use crate::cli::global::Global;
use crate::settings::analysis_settings;
use hoplens_analysis::AnalysisSettings;
use hoplens_prompt::text::{LineIndex, PositionEncoding};
use hoplens_workspace::{Disk, FileSource, Project, project, project_file};

/// Returns the project of the working folder.
pub(super) fn of_folder() -> Result<Project, CliError> {
    Ok(project(&Disk, Path::new("."))?)
}

/// Returns the analysis settings of a file: from the `hoplens.toml` above it, overridden by the
/// flags.
pub(super) fn settings(path: &str, global: &Global) -> Result<AnalysisSettings, CliError> {
    let mut settings = analysis_settings(&project(&Disk, Path::new(path))?);
    if let Some(bos) = global.bos_flag() {
        settings.bos = bos;
    }
    Ok(settings)
}

/// Prints the hints about the settings of prompt files to standard error, those of each
/// `hoplens.toml` once. A `hoplens.toml` that cannot be used is left to [`settings`].
pub(super) fn print_hints<'a>(prompts: impl IntoIterator<Item = &'a Path>) {
    let prompts = prompts.into_iter();
    let files: BTreeSet<_> = prompts
        .filter_map(|prompt| project_file(&Disk, prompt))
        .collect();
    let bold = anstyle::Style::new().bold();
    let err = &mut anstream::stderr().lock();
    for file in files {
        let Ok(Some(text)) = Disk.read(&file) else {
            continue;
        };
        let hints = Project::parse(&text).map(|project| project.hints());
        let index = LineIndex::new(&text);
        for hint in hints.unwrap_or_default() {
            let start = index.position(&text, hint.range.start, PositionEncoding::Utf32);
            // A failure to write to standard error cannot be reported.
            let _ = writeln!(
                err,
                "{bold}hint[{}]{bold:#}: {}:{}:{}: {}",
                hint.code,
                file.display(),
                start.line + 1,
                start.column + 1,
                hint.message
            );
        }
    }
}
