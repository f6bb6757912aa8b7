//! JSON documents and pictures of head read-outs and of sweeps: what the command line prints and
//! what the server hands to editors. Pure functions: they read and write no user files.

mod envelope;
mod error;
mod heads;
mod heads_page;
mod pictures;
mod sweep;

pub use envelope::{Envelope, json_document};
pub use error::{DocumentError, MissingMapInput};
pub use heads::{
    AblationMethod, BridgedMention, HeadMapKind, HeadRow, HeadsDocument, HeadsOptions, HeadsQuery,
    WordRankRow, head_map, heads_document,
};
pub use heads_page::heads_page;
pub use pictures::{FONT, HeadMap, HeatMap, register_font};
pub use sweep::{SweepDocument, SweepEvidence, SweepQuery, measure_evidence, sweep_map};
