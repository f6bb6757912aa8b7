//! Prompt files, read and analysed.

use std::path::{Path, PathBuf};

use super::error::CliError;
use super::progress;
use crate::engine::project_of;
use crate::hop::{Document, Settings, Subject, analyse, measure, subjects, undeclared};
use crate::ide::Snapshot;
use crate::model::{Cancel, Model};
use crate::prompt::{
    Beside, Facts, facts_files, parse_facts, promptfoo_beside, read_partials, sidecar_name,
};

/// A path with all folders above it.
pub(super) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.into())
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

/// Reads a prompt file with what lies beside it: its sidecar, its partials, and the promptfoo
/// configuration that names it.
pub(super) fn open(path: &Path) -> Result<Snapshot, CliError> {
    let text = read(path)?;
    let name = path.to_string_lossy().into_owned();
    let sidecar = PathBuf::from(sidecar_name(&name));
    let sidecar = if sidecar.is_file() {
        Some(read(&sidecar)?)
    } else {
        None
    };
    let promptfoo = promptfoo_beside(
        &absolute(path),
        &mut |config| std::fs::read_to_string(config).ok(),
        &|folder| folder.join(".git").exists(),
    );
    let folder = path.parent().unwrap_or(Path::new(""));
    let partials = read_partials(&name, &text, &mut |file| read(&folder.join(file)).ok());
    let beside = Beside {
        sidecar: sidecar.as_deref(),
        partials: Some(&partials),
        promptfoo: promptfoo.as_ref(),
    };
    let mut snapshot = Snapshot::read(name, text, beside);
    let project = project_of(path)?;
    snapshot.file.suppressed.extend(project.suppressions());
    Ok(snapshot)
}

/// Asks the model about every case of a file, and measures the repairs of those that fail and
/// what they do to the other cases and to those of `others`. It is file `at` of `of`, from 0.
pub(super) fn analysed(
    mut snapshot: Snapshot,
    model: &Model,
    others: &[Subject],
    settings: &Settings,
    (at, of): (usize, usize),
) -> Result<Snapshot, CliError> {
    // Its own cases first: they are what is read of the others where that is limited.
    let mut read = subjects(model, &snapshot.file, &snapshot.text);
    read.extend_from_slice(others);
    let cancel = Cancel::new();
    let spinner = progress::spinner(format!("{} of {of}: {}: asking", at + 1, snapshot.name));
    let mut findings = analyse(model, &snapshot.file, &snapshot.text, settings, &cancel)?;
    for index in 0..findings.cases.len() {
        let case = &findings.cases[index];
        let wants_repairs = matches!(&case.outcome, Ok(outcome) if outcome.wants_repairs());
        if wants_repairs {
            let name = &snapshot.name;
            let label = format!("{} of {of}: {name}: {}: measuring repairs", at + 1, case.id);
            let mut tick = |done| spinner.set_message(format!("{label}, {done} injections"));
            let document = Document {
                file: &snapshot.file,
                text: &snapshot.text,
            };
            let repairs = measure(model, document, case, &read, settings, &cancel, &mut tick)?;
            if let Ok(outcome) = &mut findings.cases[index].outcome {
                outcome.repairs = Some(repairs);
            }
        }
    }
    let facts = facts_of(Path::new(&snapshot.name))?;
    for case in &mut findings.cases {
        if let Ok(outcome) = &mut case.outcome {
            outcome.undeclared = undeclared(model, &case.subject, &facts, settings, &cancel)?;
        }
    }
    spinner.finish_and_clear();
    snapshot.findings = Some(findings);
    Ok(snapshot)
}

/// The nearest facts file of a prompt; empty where there is none.
fn facts_of(prompt: &Path) -> Result<Facts, CliError> {
    // A path as it was typed has no folders around it.
    let Some(path) = facts_files(&absolute(prompt)).find(|path| path.is_file()) else {
        return Ok(Facts::default());
    };
    let facts = parse_facts(&read(&path)?);
    for problem in &facts.problems {
        tracing::warn!("{}: {}", path.display(), problem.message);
    }
    Ok(facts)
}
