//! The papers' experiment over a data set: every prompt × cell of a grid, with the tables that
//! "Memory Injections" (arXiv 2309.05605, section 5) reports, resumable and in shards.
//!
//! A run is a journal: a header that says which experiment it is, then a line for each finished
//! row. Results are computed from a journal that holds every row, never from what is in memory, so
//! that a run that was killed, one in shards and one in a piece give the same bytes.

mod control;
mod data;
mod error;
mod experiment;
mod folds;
mod journal;
mod lock;
mod memories;
mod merge;
mod metrics;
mod outcome;
mod quotes;
mod reader;
mod run;
mod summary;

pub use control::{
    ControlCell, ControlPlan, ControlRecord, measure_control, most_random, summarise_control,
};
pub use data::{COLUMNS, DataSet, Example};
pub use error::EvalError;
pub use experiment::{Experiment, GridCell, JournalHeader, RowShard, ScopeKind};
pub use folds::{Criterion, FitRow, Fold, HeldOutMetrics, fold_of};
pub use journal::{FORM, Journal, JournalLine, RowRecord};
pub use lock::part_of;
pub use memories::{Memories, WORDS_PER_PROMPT, WordChoice, read_list};
pub use merge::{MergedJournal, merge};
pub use metrics::{Metrics, metrics};
pub use outcome::{
    Best, CellOutcome, ControlOutcome, ExperimentOutcome, FitOutcome, RowBest, RowOutcome,
};
pub use reader::JournalReader;
pub use run::{check_rows, measure_row};
pub use summary::{SummarySettings, summarise};
