//! Memory injections: a text is encoded as a vector that is added to a layer's attention output.
//!
//! Formulas: "Memory Injections" (arXiv 2309.05605), section 4; `docs/method.md`.

mod control;
mod encode;
mod encoding;
mod error;
mod export;
mod head_projection;
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
pub use encode::{encode, encode_all};
pub use encoding::{MemoryEncoding, MemoryVector};
pub use error::MemoryError;
pub use export::{ControlVector, Library, Likeness, Script, Side, control_vector, python};
pub use injection::{MemoryInjection, place, resolve_scope};
pub use measure::measure;
pub use neutral::{NEUTRAL_PROMPTS, neutral_prompts};
pub use placement::Placement;
pub use search::{GridSearch, SEARCH_PASSES, search, search_all};
pub use side_effects::{SideEffect, SideEffectSummary, side_effects};
pub use sweep::{Cell, Grid, Sweep, sweep, sweep_past_overflows};
pub use words::Words;
