//! Documents and pictures of heads and of sweeps: what the command line prints, and what the
//! server hands to editors. Only questions and data come in; nothing is read or written here.

mod asked;
mod colours;
mod envelope;
mod error;
mod font;
mod heads;
mod heads_page;
mod heatmap;
mod kinds;
mod map;
mod rows;
mod sweep;
mod weighed;
mod words;

pub use asked::{Asked, Hop};
pub use envelope::{Envelope, document};
pub use error::ShowError;
pub use font::{FONT, register};
pub use heads::{HeadsOptions, heads};
pub use heads_page::heads_page;
pub use heatmap::HeatMap;
pub use kinds::{MapKind, head_map};
pub use map::HeadMap;
pub use rows::{Ablate, HeadRow, LensResult, SpokenRow};
pub use sweep::{SweepDocument, sweep_map};
pub use weighed::{Weighed, weigh};
