//! The reader of a journal, which validates every line: callers may index by its values.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufRead, BufReader, Read as _, Seek as _};
use std::path::{Path, PathBuf};

use crate::error::EvalError;
use crate::experiment::JournalHeader;
use crate::record::{ControlPlan, ControlRecord, FORM, JournalLine, RowRecord};

/// The most bytes of a header; far more than any grid needs.
const MOST_HEADER_BYTES: u64 = 16 << 20;

/// A journal, open for reading from its beginning.
pub struct JournalReader {
    path: PathBuf,
    file: BufReader<File>,
    /// The first line.
    pub header: JournalHeader,
    /// Bytes of the complete lines read so far.
    pub offset: u64,
    line: u64,
    buffer: Vec<u8>,
    /// Rows read so far.
    rows: HashSet<usize>,
    /// Rows whose control was read so far, for each plan.
    controls: Vec<(ControlPlan, HashSet<usize>)>,
}

impl JournalReader {
    /// Reads the header.
    ///
    /// # Errors
    /// The file cannot be read, or is not a journal of this format version.
    pub fn open(path: &Path) -> Result<Self, EvalError> {
        let file = File::open(path).map_err(EvalError::file("read", path))?;
        Self::of_file(path, file)
    }

    /// As [`JournalReader::open`], with a file that is already open.
    pub(super) fn of_file(path: &Path, mut file: File) -> Result<Self, EvalError> {
        let wrong = |reason: &str| EvalError::Journal {
            path: path.into(),
            reason: reason.into(),
        };
        file.rewind().map_err(EvalError::file("read", path))?;
        let mut file = BufReader::with_capacity(1 << 16, file);
        let mut buffer = Vec::new();
        file.by_ref()
            .take(MOST_HEADER_BYTES)
            .read_until(b'\n', &mut buffer)
            .map_err(EvalError::file("read", path))?;
        let header: JournalHeader =
            serde_json::from_slice(&buffer).map_err(|_| EvalError::ForeignFile {
                path: path.into(),
                reason: "is not a journal of an experiment: its first line is not a header. Use the folder of a run, or a folder without such a file for a new run.".into(),
            })?;
        if header.hoplens_eval != FORM {
            return Err(wrong(
                "was written by another version of hoplens. Continue it with that version.",
            ));
        }
        if let Some(fault) = header.fault() {
            return Err(wrong(&format!(
                "line 1 is damaged ({fault}). Run the experiment again, in another folder."
            )));
        }
        Ok(Self {
            path: path.into(),
            file,
            header,
            offset: buffer.len() as u64,
            line: 1,
            buffer,
            rows: HashSet::new(),
            controls: Vec::new(),
        })
    }

    /// Reads the next complete line; `None` at the end, or before an incomplete last line.
    /// Validates that its row belongs to the journal's shard, that its tables have the shapes of
    /// the header, and that no earlier line of the same kind has the same row.
    ///
    /// # Errors
    /// The file cannot be read, or a complete line is not valid.
    pub fn read(&mut self) -> Result<Option<JournalLine>, EvalError> {
        self.buffer.clear();
        self.file
            .read_until(b'\n', &mut self.buffer)
            .map_err(EvalError::file("read", &self.path))?;
        if self.buffer.last() != Some(&b'\n') {
            return Ok(None);
        }
        self.line += 1;
        let line: JournalLine = serde_json::from_slice(&self.buffer)
            .map_err(|error| self.damaged(&error.to_string()))?;
        let (row, fits, is_new) = match &line {
            JournalLine::Row(record) => (
                record.row,
                self.row_fits(record),
                self.rows.insert(record.row),
            ),
            JournalLine::Control(record) => (
                record.row,
                self.control_fits(record),
                self.is_new_control(record),
            ),
        };
        let header = &self.header;
        if header.experiment.rows <= row || header.shard.is_some_and(|shard| !shard.contains(row)) {
            return Err(self.damaged(&format!("row {row} does not belong to this journal")));
        }
        if !fits {
            return Err(self.damaged("the row does not fit the header"));
        }
        if !is_new {
            return Err(self.damaged(&format!("row {row} occurs twice")));
        }
        self.offset += self.buffer.len() as u64;
        Ok(Some(line))
    }

    fn row_fits(&self, row: &RowRecord) -> bool {
        let experiment = &self.header.experiment;
        let (memories, cells) = (experiment.memories_per_row(), experiment.cells());
        row.memories.len() == memories
            && row.logp.len() == memories
            && row.rank.len() == memories
            && row.logp.iter().all(|one| one.len() == cells)
            && row.rank.iter().all(|one| one.len() == cells)
    }

    fn control_fits(&self, record: &ControlRecord) -> bool {
        let plan = &record.plan;
        record.logp.len() == plan.grid_cells.len()
            && plan
                .grid_cells
                .iter()
                .all(|grid_cell| self.header.experiment.has(grid_cell))
            && record.logp.iter().all(|one| one.len() == plan.memories)
    }

    fn is_new_control(&mut self, record: &ControlRecord) -> bool {
        let plan = &record.plan;
        if let Some((_, rows)) = self.controls.iter_mut().find(|(known, _)| known == plan) {
            return rows.insert(record.row);
        }
        let rows = HashSet::from([record.row]);
        self.controls.push((plan.clone(), rows));
        true
    }

    /// The bytes of the last line read, with its line break.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.buffer
    }

    fn damaged(&self, why: &str) -> EvalError {
        EvalError::Journal {
            path: self.path.clone(),
            reason: format!(
                "line {} is damaged ({why}). Delete the line to measure its row again.",
                self.line
            ),
        }
    }
}
