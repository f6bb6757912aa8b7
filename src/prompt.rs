//! prompt
mod case;
pub use case::{Case, Encoding, Hop, Injection, Measured, Origin, Scope, SpanScope, Spanned};
