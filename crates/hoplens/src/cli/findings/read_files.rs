//! Reads the prompt files that the command line names.

use std::path::PathBuf;

use rayon::prelude::*;

use crate::cli::error::CliError;
use crate::cli::findings::paths::prompt_files;
use crate::cli::global::Global;
use crate::cli::prompt_files::open;
use hoplens_ide::Snapshot;

/// The files that could be read, and the errors of the others.
pub(in crate::cli) struct ReadFiles {
    pub(in crate::cli) read: Vec<Snapshot>,
    pub(in crate::cli) refused: Vec<CliError>,
}

/// Finds the prompt files that `paths` name.
pub(in crate::cli) fn find(paths: &[String], global: &Global) -> Result<Vec<PathBuf>, CliError> {
    prompt_files(paths, &global.project)
}

/// Reads files.
///
/// # Errors
/// None of them can be read; the error is that of the first.
pub(in crate::cli) fn read(files: &[PathBuf]) -> Result<ReadFiles, CliError> {
    let read: Vec<Result<Snapshot, CliError>> = files.par_iter().map(|path| open(path)).collect();
    let (read, refused): (Vec<_>, Vec<_>) = read.into_iter().partition(Result::is_ok);
    let read: Vec<Snapshot> = read.into_iter().flatten().collect();
    let mut refused: Vec<CliError> = refused.into_iter().filter_map(Result::err).collect();
    if read.is_empty() && !refused.is_empty() {
        return Err(refused.remove(0));
    }
    Ok(ReadFiles { read, refused })
}
