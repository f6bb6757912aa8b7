//! Memory injections: a text becomes a vector that is added to a layer's attention output.
//!
//! Formulas: "Memory Injections" (arXiv 2309.05605), section 4; `docs/method.md`.

mod encoding;
mod error;
mod head;
mod injection;
mod measure;
mod search;
mod surface;
mod sweep;

pub use encoding::{MemoryVector, encode};
pub use error::MemoryError;
pub use head::encode_for;
pub use injection::{place, resolve_scope};
pub use measure::{Subject, measure};
pub use search::search;
pub use sweep::{Cell, Grid, Sweep, sweep};
