//! The Jacobian lens: what a residual makes the model say, through the average linear effect of a
//! layer on the last one ("Verbalizable Representations Form a Global Workspace in Language
//! Models", Transformer Circuits, 2026).
//!
//! With h_l\[p\] the residual after block l at position p and L blocks,
//!
//! J_l = E over texts and positions p of Σ_{p′ ≥ p} ∂h_{L−1}\[p′\] / ∂h_l\[p\],
//!
//! and the lens reads W_U·norm_final(J_l·h). The logit lens is the same without J_l.

mod about;
mod bridge_tokens;
mod error;
mod fit;
mod jacobian_lens;
mod layer_map;
mod residual_lens;
mod residual_rank;
mod singular;

pub use about::{JacobianAbout, JacobianSource};
pub use bridge_tokens::bridge_tokens;
pub use error::JacobianError;
pub use fit::{DEFAULT_RANK, FIRST_POSITION, JacobianFit, MIN_TOKENS};
pub use jacobian_lens::JacobianLens;
pub use residual_lens::{ResidualLens, read_residuals};
pub use residual_rank::{ResidualRank, ResidualSearch, rank_in_residuals};
