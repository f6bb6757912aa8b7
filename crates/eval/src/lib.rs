//! The experiment of "Memory Injections" (arXiv 2309.05605, section 5) over a data set: every
//! prompt × cell of a grid, with the tables of the paper. Runs can be resumed and sharded.
//!
//! A run writes a journal: a header that identifies the experiment, then a line for each finished
//! row. Results are computed only from a journal that contains every row, so killed, sharded and
//! uninterrupted runs produce identical bytes.

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
mod record;
mod run;
mod summary;

pub use control::{ControlCell, measure_control, most_random, summarise_control};
pub use data::{COLUMNS, DataSet, Example};
pub use error::EvalError;
pub use experiment::{Experiment, GridCell, JournalHeader, RowShard, ScopeKind};
pub use folds::{Criterion, FitRow, Fold, HeldOutMetrics, fold_of};
pub use journal::Journal;
pub use lock::part_of;
pub use memories::{Memories, WORDS_PER_PROMPT, WordChoice, read_list};
pub use merge::{MergedJournal, merge};
pub use metrics::{Metrics, metrics};
pub use outcome::{
    Best, CellOutcome, ControlOutcome, ExperimentOutcome, FitOutcome, RowBest, RowOutcome,
};
pub use reader::JournalReader;
pub use record::{ControlPlan, ControlRecord, FORM, JournalLine, RowRecord};
pub use run::{ExperimentRun, check_rows, measure_row};
pub use summary::{SummarySettings, summarise};
