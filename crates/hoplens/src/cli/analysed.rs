//! Prompt files, read and analysed.

use std::path::{Path, PathBuf};

use crate::cli::error::CliError;
use crate::cli::progress;
use hoplens_analysis::{
    AnalysisError, AnalysisSettings, CaseQuery, Document, Neighbours, analyse, measure, subjects,
    undeclared,
};
use hoplens_ide::Snapshot;
use hoplens_prompt::{Beside, absent_prompts, promptfoo_beside, read_partials, sidecar_name};
use hoplens_runtime::{Cancel, Model};
use hoplens_workspace::{facts_of, project_of, whole_path};

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
        &whole_path(path),
        &mut |config| std::fs::read_to_string(config).ok(),
        &|folder| folder.join(".git").exists(),
    );
    let folder = path.parent().unwrap_or(Path::new(""));
    let partials = read_partials(&name, &text, &mut |file| read(&folder.join(file)).ok());
    let absent = absent_prompts(&name, &text, &|path| folder.join(path).is_file());
    let beside = Beside {
        sidecar: sidecar.as_deref(),
        partials: Some(&partials),
        promptfoo: promptfoo.as_ref(),
        absent: &absent,
    };
    let mut snapshot = Snapshot::read(name, text, beside);
    let project = project_of(path)?;
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
    let facts = facts_of(Path::new(&snapshot.name))?;
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
