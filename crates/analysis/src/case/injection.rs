//! Converts the injections of prompt files to the types of the interpretability crate.

use hoplens_interp::memory::{MemoryInjection, Placement};
use hoplens_prompt::Injection;

/// Returns the memory and the placement of a declared injection.
pub fn memory_injection(injection: &Injection) -> MemoryInjection {
    MemoryInjection {
        memory: injection.memory.value.clone(),
        placement: placement(injection),
    }
}

/// Returns the placement of a declared injection.
pub fn placement(injection: &Injection) -> Placement {
    Placement {
        encoding: injection.encoding,
        layer: injection.layer.value,
        head: injection.head.as_ref().map(|head| head.value),
        tau: injection.tau,
        scope: injection.scope.clone(),
    }
}
