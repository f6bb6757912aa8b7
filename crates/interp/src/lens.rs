//! Read-outs of attention heads: the tokens that a head's output r_h\[p\] = z_h\[p\]·W_O^h stands
//! for (unembed lens, trained lenses), its direct logit attribution, and ablations.

mod ablation;
mod any_lens;
mod head_at;
mod heads;
pub mod jacobian;
mod retrieved;
mod tensors;
mod text;
mod token;
pub mod trained;
mod word_rank;

pub use ablation::{Ablation, ablate_heads, estimate_ablations};
pub use any_lens::AnyLens;
pub use head_at::HeadAt;
pub use heads::{HeadReadout, LogitAttribution, last_outputs, read_heads};
pub use retrieved::{Retrieval, retrieved};
pub use text::{LensText, SampleOptions, SampleStart, TextAbout, TextSource, cut, sample};
pub use token::{HeadSummary, TokenLens, read_token};
pub use word_rank::{WordRank, WordSearch, rank_words};
