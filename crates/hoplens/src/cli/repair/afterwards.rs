//! Compares the cases of a file before and after all its edits. This shows what one repair does to
//! the other cases.

use std::io::Write;

use serde::Serialize;

use crate::cli::error::CliError;
use crate::cli::repair::applied_repair::AppliedRepair;
use hoplens_analysis::{
    AnalysisContext, AnalysisSettings, CaseFindings, PromptSource, find_verdicts,
};
use hoplens_ide::{Snapshot, percent, verdict_message};
use hoplens_runtime::{CancelToken, Model};

/// A case before the first edit and after the last.
#[derive(Debug, Serialize)]
pub(super) struct Afterwards {
    #[serde(skip)]
    pub(super) place: Option<usize>,
    case: String,
    /// Probability of the answer before; `null` if the case could not be run.
    before: Option<f64>,
    /// Probability of the answer now.
    after: Option<f64>,
    /// Whether the answer is less probable than before by more than `gain_factor`, or can no longer
    /// be measured.
    pub(super) is_worse: bool,
    /// The problem of the case now.
    pub(super) still: Option<String>,
}

/// Runs every case of the edited file, and compares it with the findings in `before`.
pub(super) fn afterwards(
    before: &Snapshot,
    edited: &Snapshot,
    model: &Model,
    settings: &AnalysisSettings,
) -> Result<Vec<Afterwards>, CliError> {
    let cancel = CancelToken::new();
    let context = AnalysisContext::new(model, settings, &cancel);
    let now = find_verdicts(&context, PromptSource::new(&edited.file, &edited.text))?;
    let old = before.findings.iter().flat_map(|found| &found.cases);
    let old: Vec<&CaseFindings> = old.collect();
    let compared = now.cases.iter().map(|case| {
        let outcome = case.outcome.as_ref();
        let before = old.iter().find(|one| one.case == case.case);
        let (before, after) = (before.and_then(|one| p(one)), p(case));
        let is_worse = match (before, after) {
            (Some(before), Some(after)) => after * settings.thresholds.gain_factor < before,
            (before, after) => before.is_some() && after.is_none(),
        };
        Afterwards {
            place: case.case,
            case: case.id.clone(),
            before,
            after,
            is_worse,
            still: match outcome {
                Ok(outcome) => verdict_message(case, outcome),
                Err(reason) => Some(reason.clone()),
            },
        }
    });
    Ok(compared.collect())
}

/// Returns the probability of the answer, if one is expected.
fn p(case: &CaseFindings) -> Option<f64> {
    let outcome = case.outcome.as_ref().ok()?;
    outcome.verdict?;
    Some(outcome.probes.composed.p)
}

impl Afterwards {
    /// Prints what got worse, and a remaining problem that was not printed with the case's own
    /// edit.
    pub(super) fn print(
        &self,
        out: &mut dyn Write,
        applied: &[AppliedRepair],
    ) -> std::io::Result<()> {
        if self.is_worse {
            let shown = |p: Option<f64>| p.map_or_else(|| "not asked".to_owned(), percent);
            let (before, after) = (shown(self.before), shown(self.after));
            writeln!(out, "worse: case {}: {before} → {after}", self.case)?;
        }
        let own = applied.iter().find(|one| one.case == self.case);
        let is_reported = own.is_some_and(|one| one.still == self.still);
        match &self.still {
            Some(message) if !is_reported => writeln!(out, "still: case {}: {message}", self.case),
            _ => Ok(()),
        }
    }
}
