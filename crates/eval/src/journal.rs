//! The append-only record of a run: a line of JSON for its header and for each finished row.
//!
//! Each line is on the disk before the next row begins. A line that a kill left torn is cut off
//! when the run is resumed; its row is measured again.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize};

use crate::control::ControlRecord;
use crate::error::EvalError;
use crate::experiment::JournalHeader;
use crate::lock::lock;
use crate::reader::JournalReader;

/// The form of journals that this program writes and reads.
pub const FORM: u32 = 1;

/// A line after the header.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JournalLine {
    /// A finished row.
    Row(RowRecord),
    /// A row's random memories at the best cells.
    Control(ControlRecord),
}

/// How likely the answer begins after a prompt; in f32, which a line of JSON keeps exactly.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RecordedReading {
    /// As [`hoplens_runtime::Reading::logp_first`].
    #[serde(deserialize_with = "number")]
    pub logp_first: f32,
    /// As [`hoplens_runtime::Reading::rank`].
    pub rank: usize,
}

impl From<hoplens_runtime::Reading> for RecordedReading {
    fn from(reading: hoplens_runtime::Reading) -> Self {
        Self {
            logp_first: reading.logp_first as f32,
            rank: reading.rank,
        }
    }
}

/// A row's measurements.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RowRecord {
    /// Index of the row, from 0.
    pub row: usize,
    /// The prompt as it is.
    pub obscure: RecordedReading,
    /// The prompt that names the bridge.
    pub explicit: RecordedReading,
    /// What was injected.
    pub memories: Vec<String>,
    /// `[memories][cells]`, as [`hoplens_runtime::Reading::logp_first`]; cells in the order of
    /// [`crate::experiment::Experiment::spots`].
    #[serde(deserialize_with = "table")]
    pub logp: Vec<Vec<f32>>,
    /// `[memories][cells]`, as [`hoplens_runtime::Reading::rank`].
    pub rank: Vec<Vec<usize>>,
}

/// JSON has no NaN and says `null`.
fn number<'de, D: Deserializer<'de>>(from: D) -> Result<f32, D::Error> {
    Ok(Option::<f32>::deserialize(from)?.unwrap_or(f32::NAN))
}

/// As [`number`], for tables.
pub(super) fn table<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Vec<f32>>, D::Error> {
    let rows = Vec::<Vec<Option<f32>>>::deserialize(from)?;
    let row = |row: Vec<Option<f32>>| row.into_iter().map(|one| one.unwrap_or(f32::NAN)).collect();
    Ok(rows.into_iter().map(row).collect())
}

/// A journal that is being written.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    /// The rows that are finished.
    pub done: HashSet<usize>,
    /// The rows whose random memories are measured, with what was measured there.
    pub controls: Vec<ControlRecord>,
}

impl Journal {
    /// Opens a journal to go on with it, or begins it. Nothing is taken from a file but what a
    /// kill left torn: the beginning of this header, or a last line that has no end.
    ///
    /// # Errors
    /// The file is no journal, belongs to another experiment or shard, is in use, or is damaged.
    pub fn open(path: &Path, header: &JournalHeader) -> Result<Self, EvalError> {
        let wrong = |reason: String| EvalError::Journal {
            path: path.into(),
            reason,
        };
        let failed = || EvalError::file("write", path);
        // For appending, so that no run writes over another's lines where locks are missing.
        // Windows cuts no file that is open in this way.
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .append(cfg!(unix))
            .open(path)
            .map_err(failed())?;
        lock(&file, path)?;
        let mut journal = Self {
            path: path.into(),
            file: file.try_clone().map_err(failed())?,
            done: HashSet::new(),
            controls: Vec::new(),
        };
        let line = line_of(header).map_err(failed())?;
        let mut start = Vec::new();
        (&file)
            .take(line.len() as u64)
            .read_to_end(&mut start)
            .map_err(EvalError::file("read", path))?;
        if start.len() < line.len() && line.starts_with(&start) {
            // New, or killed while its header was written.
            file.set_len(0).map_err(failed())?;
            journal.file.rewind().map_err(failed())?;
            journal.write(&line)?;
            return Ok(journal);
        }
        let locked = file.try_clone().map_err(failed())?;
        let mut reader = JournalReader::of_file(path, locked)?;
        let there = &reader.header;
        let mut differences = header.experiment.differences(&there.experiment);
        if there.shard != header.shard {
            let name = |shard: Option<crate::experiment::RowShard>| {
                shard.map_or("the whole".into(), |shard| format!("shard {shard}"))
            };
            differences.push(format!(
                "it is {} there and {} here",
                name(there.shard),
                name(header.shard)
            ));
        }
        if !differences.is_empty() {
            return Err(wrong(format!(
                "belongs to another run: {}. Run it as it was begun, or name another --out.",
                differences.join("; ")
            )));
        }
        while let Some(line) = reader.read()? {
            match line {
                JournalLine::Row(row) => {
                    journal.done.insert(row.row);
                }
                JournalLine::Control(control) => journal.controls.push(control),
            }
        }
        file.set_len(reader.offset).map_err(failed())?;
        journal.file.seek(SeekFrom::End(0)).map_err(failed())?;
        Ok(journal)
    }

    /// Adds a line; it is on the disk when this returns.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn add(&mut self, line: &JournalLine) -> Result<(), EvalError> {
        let bytes = line_of(line).map_err(EvalError::file("write", &self.path))?;
        self.write(&bytes)?;
        if let JournalLine::Row(row) = line {
            self.done.insert(row.row);
        }
        Ok(())
    }

    fn write(&mut self, line: &[u8]) -> Result<(), EvalError> {
        self.file
            .write_all(line)
            .and_then(|()| self.file.sync_data())
            .map_err(EvalError::file("write", &self.path))
    }
}

/// A line of a journal, its end included.
pub(super) fn line_of(line: &impl Serialize) -> std::io::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec(line)?;
    bytes.push(b'\n');
    Ok(bytes)
}
