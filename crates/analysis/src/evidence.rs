//! What speaks for and against the injections among a case's repairs: chance and side effects.

use serde::Serialize;

use crate::declared::recipe;
use crate::error::AnalysisError;
use crate::neighbours::Neighbours;
use crate::probe::asked;
use crate::repair::Repair;
use crate::settings::AnalysisSettings;
use crate::subject::CaseQuery;
use hoplens_interp::memory;
use hoplens_interp::memory::{
    CONTROL_MEMORIES, CONTROL_SEED, Control, Effects, Placement, collateral, control,
    neutral_bystanders, random_memories,
};
use hoplens_runtime::{Cancel, Model};

/// What an injection does to other prompts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Collateral {
    /// To all of them.
    #[serde(flatten)]
    pub all: Effects,
    /// To the neutral prompts, whose answers take one hop.
    pub neutral: Effects,
    /// To the other cases; `None` where there are none.
    pub cases: Option<Effects>,
}

/// Measures the control and the collateral of the injections among `repairs`, which are repairs
/// of `query`; rewrites have neither.
///
/// The control keeps the file's injections in force and counts first tokens, as the search does.
/// The other prompts are the neutral ones and those `around`, each with its own injections.
///
/// # Errors
/// As [`hoplens_interp::memory::control`] and [`hoplens_interp::memory::collateral`].
pub(super) fn weigh(
    model: &Model,
    query: &CaseQuery,
    around: &Neighbours,
    repairs: &mut [Repair],
    settings: &AnalysisSettings,
    cancel: &Cancel,
    progress: &mut dyn FnMut(usize),
) -> Result<(), AnalysisError> {
    let found: Vec<(usize, String, Placement)> = repairs
        .iter()
        .enumerate()
        .filter_map(|(index, repair)| {
            let recipe = repair.change.injection()?;
            Some((index, recipe.memory.clone(), recipe.placement.clone()))
        })
        .collect();
    if found.is_empty() {
        return Ok(());
    }
    let controls = controls(model, query, &found, settings, cancel, progress)?;
    let neutral = neutral_bystanders(model, settings.bos);
    let mut bystanders = neutral.clone();
    bystanders.extend(around.bystanders(model, query, settings, cancel)?);
    let injections: Vec<(&str, &Placement)> = found
        .iter()
        .map(|(_, memory, placement)| (memory.as_str(), placement))
        .collect();
    let effects = collateral(
        model,
        &bystanders,
        &injections,
        settings.bos,
        cancel,
        progress,
    )?;
    for (((index, ..), control), effects) in found.iter().zip(controls).zip(effects) {
        repairs[*index].control = Some(control);
        repairs[*index].collateral = effects.map(|effects| {
            let (own, cases) = effects.split_at(neutral.len());
            Collateral {
                all: Effects::of(&effects),
                neutral: Effects::of(own),
                cases: (!cases.is_empty()).then(|| Effects::of(cases)),
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
    let recipe = recipe(injection);
    let mut others = query.clone();
    others.injections.remove(index);
    let place = [(index, recipe.memory, recipe.placement)];
    let silent = &mut |_| {};
    let found = controls(model, &others, &place, settings, cancel, silent)?;
    Ok(found.into_iter().next())
}

/// One control for each injection.
fn controls(
    model: &Model,
    query: &CaseQuery,
    injections: &[(usize, String, Placement)],
    settings: &AnalysisSettings,
    cancel: &Cancel,
    progress: &mut dyn FnMut(usize),
) -> Result<Vec<Control>, AnalysisError> {
    let written = asked(model, query, query.prompt.clone(), settings, cancel)?;
    let measured = memory::Subject {
        text: &query.prompt,
        tokens: &written.tokens,
        first_tokens: &written.first_tokens(),
        bos: settings.bos,
        interventions: &written.interventions,
    };
    let mut controls = Vec::with_capacity(injections.len());
    for (_, memory, placement) in injections {
        let random = random_memories(memory, &query.expect, CONTROL_MEMORIES, CONTROL_SEED);
        controls.push(control(
            model, &measured, memory, placement, &random, cancel, progress,
        )?);
    }
    Ok(controls)
}
