//! Memory injections: a text becomes a vector that is added to a layer's attention output.
//!
//! Formulas: "Memory Injections" (arXiv 2309.05605), section 4; `docs/method.md`.

mod encoding;
mod error;
mod injection;
mod measure;
mod sweep;
mod words;

pub use encoding::{MemoryVector, encode};
pub use error::MemoryError;
pub use injection::{place, resolve_scope};
pub use measure::{Reading, Subject, measure};
pub use sweep::{Cell, Grid, Sweep, sweep};
pub use words::Words;
