//! Measures the stability of repairs over the other cases of a file.

use crate::case::findings::CaseFindings;
use crate::case::prompt_source::PromptSource;
use crate::case::rendered_case::case_query;
use crate::context::AnalysisContext;
use crate::error::AnalysisError;
use crate::hop::prompt_query::{ask, asked};
use crate::repair::change::{RepairChange, words_edit};
use crate::repair::measured_repair::Repair;
use crate::repair::reference_prompts::{OtherCase, ReferencePrompts};
use crate::repair::stability::Stability;
use hoplens_interp::memory::{place, resolve_scope};
use hoplens_prompt::edited;
use hoplens_runtime::{Capture, PromptQuery};

/// The most other cases that are run.
const CASES: usize = 16;

/// Measures the stability of each of a case's repairs.
///
/// An injection is added to the other cases' own injections, with the same memory. A change of
/// words is applied to the file, and the other cases are rendered from it again. If the change only
/// affects a value of this case, they stay the same.
///
/// # Errors
/// As [`hoplens_runtime::Model::score_all`].
pub(crate) fn add_stability(
    context: &AnalysisContext<'_>,
    source: PromptSource<'_>,
    case: &CaseFindings,
    reference_prompts: &ReferencePrompts,
    repairs: &mut [Repair],
) -> Result<(), AnalysisError> {
    let model = context.model;
    if repairs.is_empty() {
        return Ok(());
    }
    let clean = reference_prompts.cases(context, source, &others(source, case))?;
    if clean.is_empty() {
        return Ok(());
    }
    for repair in repairs {
        let mut changed = Vec::new();
        let mut at = Vec::new();
        let edited = words_edit(&case.rendered, &repair.change)
            .map(|edit| edited(source.file, source.text, &edit));
        for (other, (index, one)) in clean.iter().enumerate() {
            let after = match (&repair.change, &edited) {
                (RepairChange::Inject(_), _) => injected(context, one, repair),
                (RepairChange::Words { .. }, None) => Ok(None),
                (RepairChange::Words { .. }, Some((file, text))) => {
                    case_query(model, PromptSource::new(file, text), Some(*index)).and_then(
                        |query| {
                            let prompt = query.prompt.clone();
                            asked(context, &query, prompt).map(Some)
                        },
                    )
                }
            };
            match after {
                Err(error) if error.is_cancelled() => return Err(error),
                // The change does not apply to the other prompt, for example because a span is not
                // in it.
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
        let (after, _) = ask(context, &changed, Capture::default())?;
        let changes: Vec<f64> = at
            .into_iter()
            .zip(after)
            .map(|(other, (after, _))| after.logp - clean[other].1.before.logp)
            .collect();
        repair.stability = Stability::of(&changes);
    }
    Ok(())
}

/// Returns the other cases of the same prompt that expect an answer.
fn others(source: PromptSource<'_>, case: &CaseFindings) -> Vec<usize> {
    let own = case.case.and_then(|at| source.file.cases.get(at)?.fence);
    let cases = source.file.cases.iter().enumerate();
    cases
        .filter(|(index, other)| {
            Some(*index) != case.case && !other.expect.is_empty() && other.fence == own
        })
        .map(|(index, _)| index)
        .take(CASES)
        .collect()
}

fn injected(
    context: &AnalysisContext<'_>,
    other: &OtherCase,
    repair: &Repair,
) -> Result<Option<PromptQuery>, AnalysisError> {
    let Some(memory_injection) = repair.change.injection() else {
        return Ok(None);
    };
    let placement = &memory_injection.placement;
    let vector = memory_injection.vector(context.model_context(), context.settings.bos)?;
    let mut asked = other.asked.clone();
    let at = resolve_scope(&placement.scope, &other.query.prompt, &asked.tokens)?;
    let change = place(&vector, placement.layer, placement.tau, at)?;
    asked.interventions.push(change);
    Ok(Some(asked))
}
