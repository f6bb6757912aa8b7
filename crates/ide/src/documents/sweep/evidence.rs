//! The evidence for a sweep's best cell: random memories in its place, and side effects.

use serde::Serialize;

use crate::documents::error::DocumentError;
use crate::documents::sweep::query::SweepQuery;
use hoplens_interp::ModelContext;
use hoplens_interp::memory::{
    CONTROL_MEMORIES, CONTROL_SEED, Cell, Control, MemoryInjection, Placement, SideEffectSummary,
    control, neutral_prompts, random_memories, side_effects,
};
use hoplens_runtime::PromptQuery;

/// The evidence for a sweep's best cell; empty where no cell could be measured.
#[derive(Debug, Default)]
pub struct SweepEvidence {
    /// The cell with random memories.
    pub control: Option<ControlReport>,
    /// Side effects on the reference prompts; `None` for scope `span`, which occurs in no other
    /// prompt.
    pub side_effects: Option<SideEffectSummary>,
}

/// How random memories do in the place of the best cell's memory.
#[derive(Debug, Clone, Serialize)]
pub struct ControlReport {
    #[serde(flatten)]
    placement: Placement,
    /// Number of random memories.
    pub memories: usize,
    /// Seed of their choice.
    seed: u64,
    /// Percentage of them that gain less, 0 to 100.
    pub percentile: f64,
    /// Mean Δ`logp_first` of the random memories, in nats.
    mean_gain: f64,
    /// Median Δ`logp_first` of the random memories, in nats.
    pub median_gain: f64,
}

/// Measures the control of a sweep's best cell and its side effects on the reference prompts.
///
/// # Errors
/// As [`control`] and [`side_effects`].
pub fn measure_evidence(
    context: ModelContext<'_>,
    query: &PromptQuery,
    swept: SweepQuery<'_>,
    best: Option<&Cell>,
) -> Result<SweepEvidence, DocumentError> {
    let Some(best) = best else {
        return Ok(SweepEvidence::default());
    };
    let injection = MemoryInjection {
        memory: swept.memory.to_owned(),
        placement: Placement::from(best),
    };
    let silent = &mut |_| {};
    let random = random_memories(swept.memory, swept.expect, CONTROL_MEMORIES, CONTROL_SEED);
    let measured = control(context, query, &injection, &random, silent)?;
    let reference_prompts = neutral_prompts(context.model, query.bos);
    let injections = [injection];
    let effects = side_effects(context, &reference_prompts, &injections, query.bos, silent)?;
    let [injection] = injections;
    Ok(SweepEvidence {
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
