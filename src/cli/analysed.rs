//! Prompt files from paths, analysed.

use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

use super::error::CliError;
use super::progress;
use crate::hop::{Settings, Subject, analyse, measure, subjects};
use crate::ide::Snapshot;
use crate::model::{Cancel, Model};
use crate::prompt::{Beside, is_prompt_file, prompt_of_sidecar, read_partials, sidecar_name};

/// The prompt files that `paths` mean, each once, in a stable order: files as they are named,
/// folders by what lies in them (`.gitignore` is honoured).
pub(super) fn prompt_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, CliError> {
    let mut files = Vec::new();
    for path in paths {
        let before = files.len();
        if path.is_dir() {
            for entry in WalkBuilder::new(path).sort_by_file_path(Path::cmp).build() {
                let entry = entry.map_err(|error| CliError::Read {
                    path: path.clone(),
                    source: std::io::Error::other(error),
                })?;
                let path = entry.path();
                if !path.is_file() {
                    continue;
                }
                match prompt_of_sidecar(path) {
                    Some(prompt) if prompt.is_file() => files.push(prompt),
                    None if is_prompt_file(path) => files.push(path.into()),
                    _ => {}
                }
            }
            if files.len() == before {
                return Err(CliError::NoPrompts { path: path.clone() });
            }
        } else {
            files.push(prompt_of_sidecar(path).unwrap_or_else(|| path.clone()));
        }
    }
    let mut seen = std::collections::HashSet::new();
    files.retain(|path| seen.insert(path.clone()));
    Ok(files)
}

/// The text of a file that must be UTF-8.
pub(super) fn read(path: &Path) -> Result<String, CliError> {
    let bytes = std::fs::read(path).map_err(|source| CliError::Read {
        path: path.into(),
        source,
    })?;
    String::from_utf8(bytes).map_err(|error| CliError::NotUtf8 {
        path: path.into(),
        offset: error.utf8_error().valid_up_to(),
    })
}

/// Reads a prompt file, with the sidecar and the partials beside it, if there are any.
pub(super) fn open(path: &Path) -> Result<Snapshot, CliError> {
    let text = read(path)?;
    let name = path.to_string_lossy().into_owned();
    let sidecar = PathBuf::from(sidecar_name(&name));
    let sidecar = if sidecar.is_file() {
        Some(read(&sidecar)?)
    } else {
        None
    };
    let folder = path.parent().unwrap_or(Path::new(""));
    let partials = read_partials(&name, &text, &mut |file| read(&folder.join(file)).ok());
    let beside = Beside {
        sidecar: sidecar.as_deref(),
        partials,
    };
    Ok(Snapshot::with(name, text, &beside))
}

/// Asks the model about every case of a file, and measures the repairs of those that fail and
/// what they do to the other cases and to those of `others`.
pub(super) fn analysed(
    mut snapshot: Snapshot,
    model: &Model,
    others: &[Subject],
    settings: &Settings,
) -> Result<Snapshot, CliError> {
    // Its own cases first: they are what is read of the others where that is limited.
    let mut read = subjects(model, &snapshot.file, &snapshot.text);
    read.extend_from_slice(others);
    let cancel = Cancel::new();
    let spinner = progress::spinner(format!("{}: asking", snapshot.name));
    let mut findings = analyse(model, &snapshot.file, &snapshot.text, settings, &cancel)?;
    for index in 0..findings.cases.len() {
        let case = &findings.cases[index];
        let wants_repairs = matches!(&case.outcome, Ok(outcome) if outcome.wants_repairs());
        if wants_repairs {
            let label = format!("{}: {}: measuring repairs", snapshot.name, case.id);
            let mut tick = |done| spinner.set_message(format!("{label}, {done} injections"));
            let repairs = measure(model, case, &read, settings, &cancel, &mut tick)?;
            if let Ok(outcome) = &mut findings.cases[index].outcome {
                outcome.repairs = Some(repairs);
            }
        }
    }
    spinner.finish_and_clear();
    snapshot.findings = Some(findings);
    Ok(snapshot)
}
