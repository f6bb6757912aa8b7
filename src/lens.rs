//! Read-outs of attention heads: what each retrieves, from where, and what it is worth.
//!
//! Formulas: `r_h[p] = z_h[p]·W_O^h`; see the functions for each read-out.

mod heads;
mod retrieved;
mod token;
pub mod trained;

pub use heads::{HeadReading, Reading, ablate_heads, read_heads};
pub use retrieved::retrieved;
pub use token::{HeadSummary, TokenLens, read_token};
