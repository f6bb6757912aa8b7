//! Read-outs of attention heads: what each retrieves, from where, and what it is worth.
//!
//! Formulas: `r_h[p] = z_h[p]·W_O^h`; see the functions for each read-out.

mod ablation;
mod heads;
mod retrieved;
mod run;
mod spoken;
mod token;
pub mod trained;

pub use ablation::{Ablation, ablate_heads, estimate_ablations};
pub use heads::{HeadReading, Reading, last_outputs, read_heads};
pub use retrieved::retrieved;
pub use run::Run;
pub use spoken::{Spoken, spoken};
pub use token::{HeadSummary, TokenLens, read_token};
