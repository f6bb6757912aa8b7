//! Memory injections: a text becomes a vector that is added to a layer's attention output.
//!
//! Formulas: "Memory Injections" (arXiv 2309.05605), section 4; `docs/method.md`.

mod control;
mod encode_all;
mod encoding;
mod error;
mod export;
mod head;
mod injection;
mod measure;
mod neutral;
mod placement;
mod search;
mod side_effects;
mod surface;
mod sweep;
mod words;

pub use control::{
    CONTROL_MEMORIES, CONTROL_SEED, Control, ControlReading, control, percentile, random_memories,
};
pub use encode_all::encode_all;
pub use encoding::{MemoryVector, encode};
pub use error::MemoryError;
pub use export::{
    ControlVector, Library, Likeness, MemoryInjection, Script, Side, control_vector, python,
};
pub use head::encode_for;
pub use injection::{place, resolve_scope};
pub use measure::{Subject, measure};
pub use neutral::{NEUTRAL_PROMPTS, neutral_prompts};
pub use placement::Placement;
pub use search::{SEARCH_PASSES, search};
pub use side_effects::{ReferencePrompt, SideEffect, SideEffectSummary, side_effects};
pub use sweep::{Cell, Grid, Sweep, sweep, sweep_past_overflows};
pub use words::Words;
