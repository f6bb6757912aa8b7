//! Injections as a control vector of llama.cpp, and how near that comes to them.
//!
//! llama.cpp adds `direction.{n}` to the residual stream behind block n, at every position
//! (`llama_adapter_cvec::apply_to` on `l_out`), and has no `direction.0`. An injection is added to
//! attention's output inside a block. Where attention and MLP run side by side the two are the
//! same. Where the MLP follows attention, the injection is seen by the MLP of its layer but not by
//! the attention; a direction before the block is seen by both, one behind it by neither.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::memory::error::MemoryError;
use crate::memory::export::MemoryInjection;
use crate::memory::injection::scaled;
use crate::memory::injection::{place, resolve_scope};
use crate::memory::measure::Subject;
use hoplens_injection::Scope;
use hoplens_runtime::{
    Action, Block, BosPolicy, Cancel, Hooks, Intervention, Model, Select, kl, log_softmax_at,
};

/// Where the direction is added that stands for an injection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// Before the injection's block: layer l becomes `direction.{l-1}`, or `direction.1` for l = 1.
    Before,
    /// Behind it: layer l becomes `direction.{l}`.
    Behind,
}

/// Directions by their number in llama.cpp, which is the layer behind which each is added.
#[derive(Debug, Clone, PartialEq)]
pub struct ControlVector {
    /// Which places stand for the injections.
    pub side: Side,
    /// `[width]` each, τ included.
    pub directions: BTreeMap<usize, Vec<f32>>,
    /// How near it comes on the prompt, where one was given.
    pub likeness: Option<Likeness>,
}

/// What the injections and the control vector do to one prompt's next token.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Likeness {
    /// Probability of the accepted answers' first tokens as written; absent where none is named.
    pub p_written: Option<f64>,
    /// The same with the injections, as hoplens makes them.
    pub p_injected: Option<f64>,
    /// The same with the control vector in their place.
    pub p_vector: Option<f64>,
    /// KL divergence, in nats, of the next token's distribution with the control vector from the
    /// one with the injections.
    pub kl_vector: f64,
    /// The same of the distribution as written: what does nothing is this far away.
    pub kl_written: f64,
}

/// Puts injections into a control vector. Several at one place are added up.
///
/// With a prompt both sides are measured and the one whose next-token distribution is nearer to
/// the injections' is taken; without one, `Before`, which is nearer on most prompts
/// (`docs/injections-examples.md`). The subject's own `interventions` are not looked at.
///
/// # Errors
/// An injection at some positions only, or at layer 0, which a control vector cannot express; a
/// family that llama.cpp does not run; what [`crate::memory::encode_for`] and [`place`] refuse.
pub fn control_vector(
    model: &Model,
    injections: &[MemoryInjection],
    bos: BosPolicy,
    subject: Option<&Subject<'_>>,
    cancel: &Cancel,
) -> Result<ControlVector, MemoryError> {
    let family = model.config().family;
    if family.in_llama_cpp().is_none() {
        let family = family.name();
        return Err(MemoryError::NotInLlamaCpp { family });
    }
    let scaled = vectors(model, injections, bos, cancel)?;
    let sides: &[Side] = if model.config().block == Block::Sequential {
        &[Side::Before, Side::Behind]
    } else {
        &[Side::Behind]
    };
    let mut made = sides.iter().map(|side| ControlVector {
        side: *side,
        directions: directions(&scaled, *side),
        likeness: None,
    });
    let Some(subject) = subject else {
        return made.next().ok_or(MemoryError::NoInjection);
    };
    let injected = interventions(model, injections, subject, cancel)?;
    let mut best: Option<(f64, ControlVector)> = None;
    for vector in made {
        let likeness = likeness(model, subject, &injected, &vector, cancel)?;
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
    /// What llama.cpp will do, as hoplens does it.
    fn interventions(&self) -> Vec<Intervention> {
        let directions = self.directions.iter();
        directions
            .map(|(layer, vector)| Intervention {
                layer: *layer,
                sequence: None,
                at: Select::All,
                action: Action::AddMlpOut(vector.as_slice().into()),
            })
            .collect()
    }
}

/// An injection's layer and τ·m: `[width]`.
type Scaled = (usize, Arc<[f32]>);

fn vectors(
    model: &Model,
    injections: &[MemoryInjection],
    bos: BosPolicy,
    cancel: &Cancel,
) -> Result<Vec<Scaled>, MemoryError> {
    let vector = |injection: &MemoryInjection| {
        model.check_layer(injection.placement.layer)?;
        if injection.placement.scope != Scope::All {
            return Err(MemoryError::ScopeOfControlVector);
        }
        if injection.placement.layer == 0 {
            return Err(MemoryError::LayerOfControlVector);
        }
        let vector = injection.vector(model, bos, cancel)?;
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

fn directions(vectors: &[Scaled], side: Side) -> BTreeMap<usize, Vec<f32>> {
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
    model: &Model,
    injections: &[MemoryInjection],
    subject: &Subject<'_>,
    cancel: &Cancel,
) -> Result<Vec<Intervention>, MemoryError> {
    let injection = |injection: &MemoryInjection| {
        let vector = injection.vector(model, subject.bos, cancel)?;
        let at = resolve_scope(&injection.placement.scope, subject.text, subject.tokens)?;
        place(
            &vector,
            injection.placement.layer,
            injection.placement.tau,
            at,
        )
    };
    injections.iter().map(injection).collect()
}

fn likeness(
    model: &Model,
    subject: &Subject<'_>,
    injected: &[Intervention],
    vector: &ControlVector,
    cancel: &Cancel,
) -> Result<Likeness, MemoryError> {
    let ids: Vec<u32> = subject.tokens.iter().map(|token| token.id).collect();
    let next = |interventions: Vec<Intervention>| -> Result<Vec<f32>, MemoryError> {
        let trace = model.forward(&[&ids], &Hooks::interventions(interventions), cancel)?;
        Ok(trace.logits.row(0).to_vec())
    };
    let (written, injected) = (next(Vec::new())?, next(injected.to_vec())?);
    let by_vector = next(vector.interventions())?;
    let p = |logits: &[f32]| {
        let firsts = subject.first_tokens.iter();
        let p = |token: &u32| log_softmax_at(logits, *token as usize).exp();
        let sum: f64 = firsts.map(p).sum();
        (!subject.first_tokens.is_empty()).then_some(sum)
    };
    Ok(Likeness {
        p_written: p(&written),
        p_injected: p(&injected),
        p_vector: p(&by_vector),
        kl_vector: kl(&injected, &by_vector),
        kl_written: kl(&injected, &written),
    })
}
