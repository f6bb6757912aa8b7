//! Read-outs of attention heads: what each retrieves, from where, and what it is worth.
//!
//! Formulas: `r_h[p] = z_h[p]·W_O^h`; see the functions for each read-out.

mod ablation;
mod heads;
mod retrieved;
mod run;
mod token;
pub mod trained;
mod word_rank;

pub use ablation::{Ablation, ablate_heads, estimate_ablations};
pub use heads::{HeadReadout, LogitAttribution, last_outputs, read_heads};
pub use retrieved::retrieved;
pub use run::Run;
pub use token::{HeadSummary, TokenLens, read_token};
pub use word_rank::{WordRank, rank_words};
