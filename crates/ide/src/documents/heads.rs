//! Every head at one token of a prompt: the query, its read-out as JSON, and the map of
//! layers × heads.

mod bridge;
mod map;
mod options;
mod query;
mod read;
mod rows;

pub use map::{HeadMapKind, head_map};
pub use options::{AblationMethod, HeadsOptions};
pub use query::{BridgedMention, HeadsQuery};
pub use read::heads_document;
pub use rows::{HeadRow, HeadsDocument, WordRankRow};
