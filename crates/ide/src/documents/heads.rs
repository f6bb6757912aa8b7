//! Every head at one token of a prompt: the query, its read-out as JSON, and the map of
//! layers × heads.

pub(super) mod bridge;
pub(super) mod map;
pub(super) mod options;
pub(super) mod query;
pub(super) mod read;
pub(super) mod rows;

pub use map::{HeadMapKind, head_map};
pub use options::{AblationMethod, HeadsOptions};
pub use query::{BridgedMention, HeadsQuery};
pub use read::heads_document;
pub use rows::{HeadRow, HeadsDocument, WordRankRow};
