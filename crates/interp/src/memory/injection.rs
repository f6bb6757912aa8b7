//! An injection as an intervention of the forward pass.

use std::sync::Arc;

use crate::memory::encoding::MemoryVector;
use crate::memory::error::MemoryError;
use hoplens_injection::Scope;
use hoplens_runtime::{Action, Intervention, TargetPositions, Token};

/// Adds τ·m to the attention output of `layer` at the positions `at` (paper section 4, eq. 6).
///
/// # Errors
/// [`MemoryError::Tau`] where τ is not a finite number.
pub fn place(
    vector: &MemoryVector,
    layer: usize,
    tau: f64,
    at: TargetPositions,
) -> Result<Intervention, MemoryError> {
    let action = Action::AddAttnOut(scaled(vector, layer, tau)?);
    Ok(Intervention {
        layer,
        sequence: None,
        at,
        action,
    })
}

/// τ·m for a layer.
///
/// # Errors
/// [`MemoryError::Tau`] where τ is not a finite number.
///
/// # Shapes
/// → `[width]`.
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

/// The positions that a scope means in a prompt.
///
/// `last` is the last prompt token, so that it acts on none of the answer's.
///
/// # Errors
/// [`MemoryError::NoSuchSpan`] where the quoted text does not stand in the prompt.
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
