//! What speaks for and against the injections among a case's repairs: chance and side effects.

use serde::Serialize;

use crate::case::injection::memory_injection;
use crate::case::query::CaseQuery;
use crate::error::AnalysisError;
use crate::hop::probe::asked;
use crate::repair::Repair;
use crate::repair::reference_prompts::Neighbours;
use crate::settings::AnalysisSettings;
use hoplens_interp::ModelContext;
use hoplens_interp::memory::{
    CONTROL_MEMORIES, CONTROL_SEED, Control, MemoryInjection, SideEffectSummary, control,
    neutral_prompts, random_memories, side_effects,
};
use hoplens_runtime::{Cancel, Model};

/// What an injection does to other prompts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SideEffects {
    /// To all of them.
    #[serde(flatten)]
    pub all: SideEffectSummary,
    /// To the neutral prompts, whose answers take one hop.
    pub neutral: SideEffectSummary,
    /// To the other cases; `None` where there are none.
    pub cases: Option<SideEffectSummary>,
}

/// Measures the control and the side effects of the injections among `repairs`, which are repairs
/// of `query`; rewrites have neither.
///
/// The control keeps the file's injections in force and counts first tokens, as the search does.
/// The other prompts are the neutral ones and those `around`, each with its own injections.
///
/// # Errors
/// As [`hoplens_interp::memory::control`] and [`hoplens_interp::memory::side_effects`].
pub(crate) fn weigh(
    model: &Model,
    query: &CaseQuery,
    around: &Neighbours,
    repairs: &mut [Repair],
    settings: &AnalysisSettings,
    cancel: &Cancel,
    progress: &mut dyn FnMut(usize),
) -> Result<(), AnalysisError> {
    let (indices, injections): (Vec<usize>, Vec<MemoryInjection>) = repairs
        .iter()
        .enumerate()
        .filter_map(|(index, repair)| {
            let injection = repair.change.injection()?;
            Some((index, injection.clone()))
        })
        .unzip();
    if injections.is_empty() {
        return Ok(());
    }
    let controls = controls(model, query, &injections, settings, cancel, progress)?;
    let neutral = neutral_prompts(model, settings.bos);
    let mut reference_prompts = neutral.clone();
    reference_prompts.extend(around.reference_prompts(model, query, settings, cancel)?);
    let effects = side_effects(
        ModelContext::new(model, cancel),
        &reference_prompts,
        &injections,
        settings.bos,
        progress,
    )?;
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

/// What random memories do in the place of one of a case's injections that are in force, the
/// others of them staying so; `None` where there is no such injection.
///
/// # Errors
/// As [`hoplens_interp::memory::control`].
pub fn control_in_force(
    model: &Model,
    query: &CaseQuery,
    index: usize,
    settings: &AnalysisSettings,
    cancel: &Cancel,
) -> Result<Option<Control>, AnalysisError> {
    let Some(injection) = query.injections.get(index) else {
        return Ok(None);
    };
    let injection = [memory_injection(injection)];
    let mut others = query.clone();
    others.injections.remove(index);
    let silent = &mut |_| {};
    let found = controls(model, &others, &injection, settings, cancel, silent)?;
    Ok(found.into_iter().next())
}

/// One control for each injection.
fn controls(
    model: &Model,
    query: &CaseQuery,
    injections: &[MemoryInjection],
    settings: &AnalysisSettings,
    cancel: &Cancel,
    progress: &mut dyn FnMut(usize),
) -> Result<Vec<Control>, AnalysisError> {
    let written = asked(model, query, query.prompt.clone(), settings, cancel)?;
    let context = ModelContext::new(model, cancel);
    let mut controls = Vec::with_capacity(injections.len());
    for injection in injections {
        let memory = &injection.memory;
        let random = random_memories(memory, &query.expect, CONTROL_MEMORIES, CONTROL_SEED);
        controls.push(control(context, &written, injection, &random, progress)?);
    }
    Ok(controls)
}
