//! Injections as a control vector of llama.cpp, and how closely it reproduces them.
//!
//! llama.cpp adds `direction.{n}` to the residual stream after block n, at every position
//! (`llama_adapter_cvec::apply_to` on `l_out`), and has no `direction.0`. An injection is added to
//! the attention output inside a block. If attention and MLP are parallel, the two are equal. If
//! the MLP follows attention, the MLP of the layer reads the injection and its attention does not;
//! both read a direction before the block, and neither reads one after it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::context::ModelContext;
use crate::memory::error::MemoryError;
use crate::memory::injection::{MemoryInjection, place, resolve_scope, scaled};
use hoplens_injection::Scope;
use hoplens_runtime::{
    Block, BosPolicy, Hooks, Intervention, InterventionAction, PromptQuery, TargetPositions, kl,
    log_softmax_at,
};

/// Whether an injection's direction is added before or after its block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// Before the injection's block: layer l becomes `direction.{l-1}`, or `direction.1` for l = 1.
    Before,
    /// After it: layer l becomes `direction.{l}`.
    Behind,
}

/// Directions by their number in llama.cpp: the layer after which each is added.
#[derive(Debug, Clone, PartialEq)]
pub struct ControlVector {
    /// Where the directions are added, relative to the injections' blocks.
    pub side: Side,
    /// `[width]` each, τ included.
    pub directions: BTreeMap<usize, Vec<f32>>,
    /// How closely it reproduces the injections on the prompt, if one was given.
    pub likeness: Option<Likeness>,
}

/// What the injections and the control vector do to one prompt's next token.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Likeness {
    /// Probability of the accepted answers' first tokens without the injections; `None` if no
    /// answer is named.
    pub p_written: Option<f64>,
    /// The same with the injections, as hoplens makes them.
    pub p_injected: Option<f64>,
    /// The same with the control vector in their place.
    pub p_vector: Option<f64>,
    /// KL divergence, in nats, of the next token's distribution with the control vector from the
    /// one with the injections.
    pub kl_vector: f64,
    /// The same for the distribution without the injections: the divergence of doing nothing.
    pub kl_written: f64,
}

/// Expresses injections as a control vector; adds up several with the same direction.
///
/// With a prompt, measures both sides and returns the one whose next-token distribution is closer
/// to that of the injections; without one, `Before`, which is closer on most prompts
/// (`docs/injections-examples.md`). Ignores the query's own `interventions`.
///
/// # Errors
/// An injection at some positions only, or at layer 0, which a control vector cannot express; a
/// family that llama.cpp does not run; as [`crate::memory::encode`] and [`place`].
pub fn control_vector(
    context: ModelContext<'_>,
    injections: &[MemoryInjection],
    bos: BosPolicy,
    query: Option<&PromptQuery>,
) -> Result<ControlVector, MemoryError> {
    let config = context.model.config();
    if config.family.in_llama_cpp().is_none() {
        let family = config.family.name();
        return Err(MemoryError::NotInLlamaCpp { family });
    }
    let scaled = vectors(context, injections, bos)?;
    let sides: &[Side] = if config.block == Block::Sequential {
        &[Side::Before, Side::Behind]
    } else {
        &[Side::Behind]
    };
    let mut made = sides.iter().map(|side| ControlVector {
        side: *side,
        directions: directions(&scaled, *side),
        likeness: None,
    });
    let Some(query) = query else {
        return made.next().ok_or(MemoryError::NoInjection);
    };
    let injected = interventions(context, injections, query)?;
    let mut best: Option<(f64, ControlVector)> = None;
    for vector in made {
        let likeness = likeness(context, query, &injected, &vector)?;
        let kl = likeness.kl_vector;
        if !kl.is_finite() || !likeness.kl_written.is_finite() {
            let taus = injections.iter().map(|injection| injection.placement.tau);
            let tau = taus.max_by(|a, b| a.abs().total_cmp(&b.abs()));
            let tau = tau.unwrap_or(f64::NAN);
            return Err(MemoryError::Overflow { tau });
        }
        if best.as_ref().is_none_or(|(least, _)| kl < *least) {
            let likeness = Some(likeness);
            best = Some((kl, ControlVector { likeness, ..vector }));
        }
    }
    best.map(|(_, vector)| vector)
        .ok_or(MemoryError::NoInjection)
}

impl ControlVector {
    /// The interventions that add what llama.cpp adds.
    fn interventions(&self) -> Vec<Intervention> {
        let directions = self.directions.iter();
        directions
            .map(|(layer, vector)| Intervention {
                layer: *layer,
                sequence: None,
                at: TargetPositions::All,
                action: InterventionAction::AddMlpOut(vector.as_slice().into()),
            })
            .collect()
    }
}

/// An injection's layer, and τ·m: `[width]`.
type ScaledInjection = (usize, Arc<[f32]>);

fn vectors(
    context: ModelContext<'_>,
    injections: &[MemoryInjection],
    bos: BosPolicy,
) -> Result<Vec<ScaledInjection>, MemoryError> {
    let vector = |injection: &MemoryInjection| {
        context.model.check_layer(injection.placement.layer)?;
        if injection.placement.scope != Scope::All {
            return Err(MemoryError::ScopeOfControlVector);
        }
        if injection.placement.layer == 0 {
            return Err(MemoryError::LayerOfControlVector);
        }
        let vector = injection.vector(context, bos)?;
        Ok((
            injection.placement.layer,
            scaled(&vector, injection.placement.layer, injection.placement.tau)?,
        ))
    };
    if injections.is_empty() {
        return Err(MemoryError::NoInjection);
    }
    injections.iter().map(vector).collect()
}

fn directions(vectors: &[ScaledInjection], side: Side) -> BTreeMap<usize, Vec<f32>> {
    let mut directions = BTreeMap::new();
    for (layer, vector) in vectors {
        let at = match side {
            Side::Before => (layer - 1).max(1),
            Side::Behind => *layer,
        };
        let sum = directions
            .entry(at)
            .or_insert_with(|| vec![0.0; vector.len()]);
        for (sum, value) in sum.iter_mut().zip(vector.iter()) {
            *sum += value;
        }
    }
    directions
}

fn interventions(
    context: ModelContext<'_>,
    injections: &[MemoryInjection],
    query: &PromptQuery,
) -> Result<Vec<Intervention>, MemoryError> {
    let intervention = |injection: &MemoryInjection| {
        let placement = &injection.placement;
        let vector = injection.vector(context, query.bos)?;
        let at = resolve_scope(&placement.scope, &query.text, &query.tokens)?;
        place(&vector, placement.layer, placement.tau, at)
    };
    injections.iter().map(intervention).collect()
}

fn likeness(
    context: ModelContext<'_>,
    query: &PromptQuery,
    injected: &[Intervention],
    vector: &ControlVector,
) -> Result<Likeness, MemoryError> {
    let ids = query.ids();
    let next = |interventions: Vec<Intervention>| -> Result<Vec<f32>, MemoryError> {
        let hooks = Hooks::interventions(interventions);
        let trace = context.model.forward(&[&ids], &hooks, context.cancel)?;
        Ok(trace.logits.row(0).to_vec())
    };
    let (written, injected) = (next(Vec::new())?, next(injected.to_vec())?);
    let by_vector = next(vector.interventions())?;
    let first_tokens = query.first_tokens();
    let p = |logits: &[f32]| {
        let p = |token: &u32| log_softmax_at(logits, *token as usize).exp();
        let sum: f64 = first_tokens.iter().map(p).sum();
        (!first_tokens.is_empty()).then_some(sum)
    };
    Ok(Likeness {
        p_written: p(&written),
        p_injected: p(&injected),
        p_vector: p(&by_vector),
        kl_vector: kl(&injected, &by_vector),
        kl_written: kl(&injected, &written),
    })
}
