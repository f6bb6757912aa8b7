//! Injections, and their interventions in the forward pass.

use std::sync::Arc;

use crate::context::ModelContext;
use crate::memory::encode::encode;
use crate::memory::encoding::MemoryVector;
use crate::memory::error::MemoryError;
use crate::memory::placement::Placement;
use hoplens_injection::Scope;
use hoplens_runtime::{BosPolicy, Intervention, InterventionAction, TargetPositions, Token};

/// A memory with its placement: an injection that no file declares.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct MemoryInjection {
    /// The memory's text.
    pub memory: String,
    /// Where it is injected, and how strongly.
    #[serde(flatten)]
    pub placement: Placement,
}

impl MemoryInjection {
    /// Encodes the memory for its placement.
    ///
    /// # Errors
    /// As [`encode`].
    pub fn vector(
        &self,
        context: ModelContext<'_>,
        bos: BosPolicy,
    ) -> Result<MemoryVector, MemoryError> {
        encode(context, &self.memory, self.placement.memory_encoding(bos))
    }
}

/// Returns the intervention that adds τ·m to the attention output of `layer` at the positions
/// `at` (paper section 4, equation 6).
///
/// # Errors
/// [`MemoryError::Tau`] if τ is not finite; [`MemoryError::Overflow`] if τ·m is not.
pub fn place(
    vector: &MemoryVector,
    layer: usize,
    tau: f64,
    at: TargetPositions,
) -> Result<Intervention, MemoryError> {
    let action = InterventionAction::AddAttnOut(scaled(vector, layer, tau)?);
    Ok(Intervention {
        layer,
        sequence: None,
        at,
        action,
    })
}

/// Returns τ·m for a layer.
///
/// # Shapes
/// → `[width]`.
///
/// # Errors
/// [`MemoryError::Tau`] if τ is not finite; [`MemoryError::Overflow`] if τ·m is not.
pub(super) fn scaled(
    vector: &MemoryVector,
    layer: usize,
    tau: f64,
) -> Result<Arc<[f32]>, MemoryError> {
    if !tau.is_finite() {
        return Err(MemoryError::Tau { tau });
    }
    let scale = |value: &f32| (f64::from(*value) * tau) as f32;
    let scaled: Arc<[f32]> = vector.at(layer).iter().map(scale).collect();
    if scaled.iter().all(|value| value.is_finite()) {
        Ok(scaled)
    } else {
        Err(MemoryError::Overflow { tau })
    }
}

/// Returns the positions that a scope selects in a prompt.
///
/// `last` is the last prompt token; it does not act on the answer's tokens.
///
/// # Errors
/// [`MemoryError::NoSuchSpan`] if the prompt does not contain the quoted text.
pub fn resolve_scope(
    scope: &Scope,
    text: &str,
    tokens: &[Token],
) -> Result<TargetPositions, MemoryError> {
    match scope {
        Scope::All => Ok(TargetPositions::All),
        Scope::Last => Ok(TargetPositions::Range(
            tokens.len().saturating_sub(1)..tokens.len(),
        )),
        Scope::Span(span) => {
            let nth = span.nth.max(1);
            let found = text.match_indices(&span.text).nth(nth - 1);
            let missing = || MemoryError::NoSuchSpan {
                text: span.text.clone(),
                occurrence: if nth == 1 {
                    String::new()
                } else {
                    format!(" {nth} times")
                },
            };
            let (start, matched) = found
                .filter(|(_, matched)| !matched.is_empty())
                .ok_or_else(missing)?;
            let bytes = start..start + matched.len();
            let inside =
                |token: &Token| token.range.start < bytes.end && bytes.start < token.range.end;
            let first = tokens.iter().position(inside).ok_or_else(missing)?;
            let last = tokens.iter().rposition(inside).ok_or_else(missing)?;
            Ok(TargetPositions::Range(first..last + 1))
        }
    }
}
