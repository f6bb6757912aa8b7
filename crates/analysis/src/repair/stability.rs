//! Whether a repair holds over a template's variables: what it does to the other cases.

use serde::Serialize;

use crate::case::findings::case_subject;
use crate::case::findings::{CaseFindings, Document};
use crate::error::AnalysisError;
use crate::hop::probe::{ask, asked};
use crate::repair::reference_prompts::Neighbour;
use crate::repair::reference_prompts::Neighbours;
use crate::repair::{Repair, RepairChange, words_edit};
use crate::settings::AnalysisSettings;
use hoplens_interp::ModelContext;
use hoplens_interp::memory::{place, resolve_scope};
use hoplens_prompt::edited;
use hoplens_runtime::{Cancel, Capture, Model, PromptQuery};

/// Most other cases that are asked.
const CASES: usize = 16;

/// What a repair does to the expected answers of the file's other cases, as if it were meant for
/// them too.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Stability {
    /// The other cases that expect an answer and could be asked; at most 16.
    pub cases: usize,
    /// Those whose answer becomes more probable.
    pub better: usize,
    /// Those whose answer becomes less probable.
    pub worse: usize,
    /// The mean Δlog p of their answers, in nats.
    pub mean_dlogp: f64,
    /// The least, in nats.
    pub worst_dlogp: f64,
}

/// A change of log-probability that is none, in nats.
const NOTHING: f64 = 1e-4;

impl Stability {
    /// Sums up the Δlog p of each other case; `None` if there are none.
    fn of(changes: &[f64]) -> Option<Self> {
        let worst = changes.iter().copied().min_by(f64::total_cmp)?;
        Some(Self {
            cases: changes.len(),
            better: changes.iter().filter(|change| **change > NOTHING).count(),
            worse: changes.iter().filter(|change| **change < -NOTHING).count(),
            mean_dlogp: changes.iter().sum::<f64>() / changes.len() as f64,
            worst_dlogp: worst,
        })
    }
}

/// Measures the stability of each of a case's repairs.
///
/// An injection is put into the other cases beside their own; its memory stays the same. A change
/// of words is made in the file, and the other cases are rendered from it anew: where it changed a
/// value of this case only, they stay as they are.
///
/// # Errors
/// As [`hoplens_runtime::Model::score_all`].
pub(crate) fn stabilities(
    model: &Model,
    document: Document<'_>,
    case: &CaseFindings,
    around: &Neighbours,
    repairs: &mut [Repair],
    settings: &AnalysisSettings,
    cancel: &Cancel,
) -> Result<(), AnalysisError> {
    if repairs.is_empty() {
        return Ok(());
    }
    let clean = around.cases(model, document, &others(document, case), settings, cancel)?;
    if clean.is_empty() {
        return Ok(());
    }
    for repair in repairs {
        let mut changed = Vec::new();
        let mut at = Vec::new();
        let edited = words_edit(&case.rendered, &repair.change)
            .map(|edit| edited(document.file, document.text, &edit));
        for (other, (index, one)) in clean.iter().enumerate() {
            let after = match (&repair.change, &edited) {
                (RepairChange::Inject(_), _) => injected(model, one, repair, settings, cancel),
                (RepairChange::Words { .. }, None) => Ok(None),
                (RepairChange::Words { .. }, Some((file, text))) => {
                    case_subject(model, file, text, Some(*index)).and_then(|query| {
                        let prompt = query.prompt.clone();
                        asked(model, &query, prompt, settings, cancel).map(Some)
                    })
                }
            };
            match after {
                Err(error) if error.is_cancelled() => return Err(error),
                // A span that is not in the other prompt, say: nothing to compare.
                Err(_) | Ok(None) => {}
                Ok(Some(asked)) => {
                    changed.push(asked);
                    at.push(other);
                }
            }
        }
        if changed.is_empty() {
            continue;
        }
        let (after, _) = ask(model, &changed, Capture::default(), cancel)?;
        let changes: Vec<f64> = at
            .into_iter()
            .zip(after)
            .map(|(other, (after, _))| after.logp - clean[other].1.before.logp)
            .collect();
        repair.stability = Stability::of(&changes);
    }
    Ok(())
}

/// The other cases of the same prompt that expect an answer.
fn others(document: Document<'_>, case: &CaseFindings) -> Vec<usize> {
    let own = case.case.and_then(|at| document.file.cases.get(at)?.fence);
    let cases = document.file.cases.iter().enumerate();
    cases
        .filter(|(index, other)| {
            Some(*index) != case.case && !other.expect.is_empty() && other.fence == own
        })
        .map(|(index, _)| index)
        .take(CASES)
        .collect()
}

fn injected(
    model: &Model,
    other: &Neighbour,
    repair: &Repair,
    settings: &AnalysisSettings,
    cancel: &Cancel,
) -> Result<Option<PromptQuery>, AnalysisError> {
    let Some(memory_injection) = repair.change.injection() else {
        return Ok(None);
    };
    let placement = &memory_injection.placement;
    let vector = memory_injection.vector(ModelContext::new(model, cancel), settings.bos)?;
    let mut asked = other.asked.clone();
    let at = resolve_scope(&placement.scope, &other.query.prompt, &asked.tokens)?;
    let change = place(&vector, placement.layer, placement.tau, at)?;
    asked.interventions.push(change);
    Ok(Some(asked))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_summed_up() {
        assert_eq!(Stability::of(&[]), None);
        let found = Stability::of(&[1.0, -0.5, 1e-9]).unwrap();
        assert_eq!((found.cases, found.better, found.worse), (3, 1, 1));
        assert!((found.mean_dlogp - 0.5 / 3.0).abs() < 1e-6);
        assert!((found.worst_dlogp + 0.5).abs() < 1e-12);
    }
}
