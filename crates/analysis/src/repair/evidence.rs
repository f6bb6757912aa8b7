//! Measures the evidence for repairs: the control with random memories in place of the injection's,
//! side effects on other prompts, and stability over the other cases.

use crate::case::findings::CaseFindings;
use crate::case::injection::memory_injection;
use crate::case::prompt_source::PromptSource;
use crate::case::query::CaseQuery;
use crate::context::{AnalysisContext, AnalysisProgress};
use crate::error::AnalysisError;
use crate::hop::prompt_query::asked;
use crate::repair::measured_repair::Repair;
use crate::repair::reference_prompts::ReferencePrompts;
use crate::repair::side_effects::SideEffects;
use crate::repair::stability_measurement::add_stability;
use hoplens_interp::memory::{
    CONTROL_MEMORIES, CONTROL_SEED, Control, MemoryInjection, SideEffectSummary, control,
    neutral_prompts, random_memories, side_effects,
};

/// Adds the control, the side effects and the stability to the repairs of a case of `source`.
///
/// One `reference_prompts` serves all cases of the file as it is, for one model and one set of
/// settings.
///
/// # Errors
/// As [`hoplens_interp::memory::control`] and [`hoplens_interp::memory::side_effects`].
pub fn add_evidence(
    context: &mut AnalysisContext<'_>,
    source: PromptSource<'_>,
    case: &CaseFindings,
    reference_prompts: &ReferencePrompts,
    repairs: &mut [Repair],
) -> Result<(), AnalysisError> {
    add_side_effects(context, &case.query, reference_prompts, repairs)?;
    add_stability(context, source, case, reference_prompts, repairs)
}

/// Adds the control and the side effects to the injections among `repairs`, which are repairs of
/// `query`. A change of words has neither.
///
/// The control keeps the file's injections in force and uses first tokens, as the search does.
/// Every reference prompt keeps its own injections.
fn add_side_effects(
    context: &mut AnalysisContext<'_>,
    query: &CaseQuery,
    reference_prompts: &ReferencePrompts,
    repairs: &mut [Repair],
) -> Result<(), AnalysisError> {
    let injecting = repairs.iter().enumerate();
    let (indices, injections): (Vec<usize>, Vec<MemoryInjection>) = injecting
        .filter_map(|(index, repair)| Some((index, repair.change.injection()?.clone())))
        .unzip();
    if injections.is_empty() {
        return Ok(());
    }
    let controls = controls(context, query, &injections)?;
    let bos = context.settings.bos;
    let neutral = neutral_prompts(context.model, bos);
    let mut prompts = neutral.clone();
    prompts.extend(reference_prompts.reference_prompts(context, query)?);
    let model_context = context.model_context();
    let mut tick = |done| context.report(AnalysisProgress::Compared(done));
    let effects = side_effects(model_context, &prompts, &injections, bos, &mut tick)?;
    for ((index, control), effects) in indices.into_iter().zip(controls).zip(effects) {
        repairs[index].control = Some(control);
        repairs[index].side_effects = effects.map(|effects| {
            let (own, cases) = effects.split_at(neutral.len());
            SideEffects {
                all: SideEffectSummary::of(&effects),
                neutral: SideEffectSummary::of(own),
                cases: (!cases.is_empty()).then(|| SideEffectSummary::of(cases)),
            }
        });
    }
    Ok(())
}

/// Measures the control of the injection `index` of a case, with the case's other injections in
/// force. Returns `None` if there is no such injection.
///
/// # Errors
/// As [`hoplens_interp::memory::control`].
pub fn control_in_force(
    context: &mut AnalysisContext<'_>,
    query: &CaseQuery,
    index: usize,
) -> Result<Option<Control>, AnalysisError> {
    let Some(injection) = query.injections.get(index) else {
        return Ok(None);
    };
    let mut others = query.clone();
    others.injections.remove(index);
    let found = controls(context, &others, &[memory_injection(injection)])?;
    Ok(found.into_iter().next())
}

/// Measures the control of each injection.
fn controls(
    context: &mut AnalysisContext<'_>,
    query: &CaseQuery,
    injections: &[MemoryInjection],
) -> Result<Vec<Control>, AnalysisError> {
    let written = asked(context, query, query.prompt.clone())?;
    let model_context = context.model_context();
    let mut tick = |done| context.report(AnalysisProgress::Compared(done));
    let mut controls = Vec::with_capacity(injections.len());
    for injection in injections {
        let memory = &injection.memory;
        let random = random_memories(memory, &query.expect, CONTROL_MEMORIES, CONTROL_SEED);
        let found = control(model_context, &written, injection, &random, &mut tick)?;
        controls.push(found);
    }
    Ok(controls)
}
