//! Documents and pictures of heads and of sweeps: what the command line prints, and what the
//! server hands to editors. Only questions and data come in; nothing is read or written here.

mod asked;
mod colours;
mod envelope;
mod error;
mod font;
mod heads;
mod heatmap;
mod kinds;
mod map;
mod rows;
mod sweep;
mod weighed;
mod words;

pub(crate) use asked::{Asked, Hop};
pub(crate) use envelope::{Envelope, document};
pub(crate) use error::ShowError;
pub(crate) use font::{FONT, register};
pub(crate) use heads::{HeadsOptions, heads};
pub(crate) use heatmap::HeatMap;
pub(crate) use kinds::{MapKind, head_map};
pub(crate) use map::HeadMap;
pub(crate) use rows::{Ablate, HeadRow, LensResult, SpokenRow};
pub(crate) use sweep::{SweepDocument, sweep_map};
pub(crate) use weighed::{Weighed, weigh};
