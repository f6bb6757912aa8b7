//! What speaks for and against a grid's best cell.

use serde::Serialize;

use crate::documents::error::ShowError;
use hoplens_interp::ModelContext;
use hoplens_interp::memory::{
    CONTROL_MEMORIES, CONTROL_SEED, Cell, Control, MemoryInjection, Placement, SideEffectSummary,
    control, neutral_prompts, random_memories, side_effects,
};
use hoplens_runtime::PromptQuery;

/// Nothing of either where no cell could be measured; no side effects of scope `span`.
#[derive(Debug, Default)]
pub struct Weighed {
    pub control: Option<ControlReport>,
    pub side_effects: Option<SideEffectSummary>,
}

/// The best cell with random memories.
#[derive(Debug, Clone, Serialize)]
pub struct ControlReport {
    #[serde(flatten)]
    placement: Placement,
    /// How many.
    pub memories: usize,
    /// What decides which.
    seed: u64,
    /// Share of them that gains less, 0 to 100.
    pub percentile: f64,
    /// Mean Δ`logp_first` of the random memories, in nats.
    mean_gain: f64,
    /// Their median Δ`logp_first`.
    pub median_gain: f64,
}

/// Measures the control of a grid's best cell and its effect on the neutral prompts.
///
/// # Errors
/// As [`control`] and [`side_effects`].
pub fn weigh(
    context: ModelContext<'_>,
    query: &PromptQuery,
    memory: &str,
    expect: &[String],
    best: Option<&Cell>,
) -> Result<Weighed, ShowError> {
    let Some(best) = best else {
        return Ok(Weighed::default());
    };
    let injection = MemoryInjection {
        memory: memory.to_owned(),
        placement: Placement::from(best),
    };
    let silent = &mut |_| {};
    let random = random_memories(memory, expect, CONTROL_MEMORIES, CONTROL_SEED);
    let measured = control(context, query, &injection, &random, silent)?;
    let reference_prompts = neutral_prompts(context.model, query.bos);
    let injections = [injection];
    let effects = side_effects(context, &reference_prompts, &injections, query.bos, silent)?;
    let [injection] = injections;
    Ok(Weighed {
        control: Some(report(injection.placement, &measured)),
        side_effects: effects
            .into_iter()
            .flatten()
            .next()
            .map(|effects| SideEffectSummary::of(&effects)),
    })
}

fn report(placement: Placement, control: &Control) -> ControlReport {
    ControlReport {
        placement,
        memories: control.random.len(),
        seed: CONTROL_SEED,
        percentile: control.percentile(),
        mean_gain: control.mean_gain(),
        median_gain: control.median_gain(),
    }
}
