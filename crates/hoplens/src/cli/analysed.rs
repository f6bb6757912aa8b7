//! Prompt files, read and analysed.

use std::path::Path;

use crate::cli::error::CliError;
use crate::cli::progress;
use hoplens_analysis::{
    AnalysisError, AnalysisSettings, CaseQuery, Document, Neighbours, analyse, measure, subjects,
    undeclared,
};
use hoplens_ide::Snapshot;
use hoplens_runtime::{Cancel, Model};
use hoplens_workspace::{Disk, companion_files, facts, project, read_file};

/// Returns the text of a file that the user named, whatever its size.
pub(super) fn read(path: &Path) -> Result<String, CliError> {
    Ok(read_file(path, u64::MAX)?.as_ref().to_owned())
}

/// Reads a prompt file with its companions: its sidecar, its partials, and the promptfoo
/// configuration that names it.
pub(super) fn open(path: &Path) -> Result<Snapshot, CliError> {
    // A text that is too long for any model is a finding, not an error.
    let text = read(path)?;
    let name = path.to_string_lossy().into_owned();
    let companions = companion_files(&Disk, path, &name, &text);
    if let Some(error) = companions.sidecar_error {
        return Err(error.into());
    }
    let mut snapshot = Snapshot::read(name, text, companions.as_beside());
    let project = project(&Disk, path)?;
    snapshot.file.suppressed.extend(project.suppressions());
    Ok(snapshot)
}

/// Asks the model about every case of a file, and measures the repairs of those that fail and
/// what they do to the other cases and to those of `others`. It is file `at` of `of`, from 0;
/// repairs are measured of the cases that are `wanted`.
pub(super) fn analysed(
    mut snapshot: Snapshot,
    model: &Model,
    others: &[CaseQuery],
    settings: &AnalysisSettings,
    (at, of): (usize, usize),
    wanted: &dyn Fn(Option<usize>) -> bool,
) -> Result<Snapshot, CliError> {
    // Its own cases first: they are what is read of the others where that is limited.
    let own = subjects(model, &snapshot.file, &snapshot.text);
    let around = Neighbours::new(
        &snapshot.file,
        own.into_iter().chain(others.iter().cloned()),
    );
    let cancel = Cancel::new();
    let spinner = progress::spinner(format!("{} of {of}: {}: asking", at + 1, snapshot.name));
    let mut findings = analyse(model, &snapshot.file, &snapshot.text, settings, &cancel)?;
    for index in 0..findings.cases.len() {
        let case = &findings.cases[index];
        let wants_repairs = matches!(&case.outcome, Ok(outcome) if outcome.wants_repairs());
        if wants_repairs && wanted(case.case) {
            let name = &snapshot.name;
            let label = format!("{} of {of}: {name}: {}: measuring repairs", at + 1, case.id);
            let mut tick = |done| spinner.set_message(format!("{label}, {done} injections"));
            let document = Document {
                file: &snapshot.file,
                text: &snapshot.text,
            };
            let repairs = measure(model, document, case, &around, settings, &cancel, &mut tick);
            let repairs = repairs.or_else(|error| told(error, &snapshot.name, &case.id))?;
            if let Ok(outcome) = &mut findings.cases[index].outcome {
                outcome.repairs = Some(repairs);
                outcome.weighed = true;
            }
        }
    }
    let facts = facts(&Disk, Path::new(&snapshot.name))?;
    for case in &mut findings.cases {
        if let Ok(outcome) = &mut case.outcome {
            let found = undeclared(model, &case.query, &facts, settings, &cancel);
            outcome.undeclared = found.or_else(|error| told(error, &snapshot.name, &case.id))?;
        }
    }
    spinner.finish_and_clear();
    snapshot.findings = Some(findings);
    Ok(snapshot)
}

/// Nothing, and why in the log: what cannot be measured of one case is no reason to leave out the
/// others.
fn told<T: Default>(error: AnalysisError, file: &str, case: &str) -> Result<T, AnalysisError> {
    if error.is_cancelled() {
        return Err(error);
    }
    tracing::warn!("{file}, case {case}: {error}");
    Ok(T::default())
}
