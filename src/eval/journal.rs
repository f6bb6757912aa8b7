//! The append-only record of a run: a line of JSON for its header and for each finished row.
//!
//! Each line is on the disk before the next row begins. A line that a kill left torn is cut off
//! when the run is resumed; its row is measured again.

use std::collections::HashSet;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize};

use super::{ChanceRecord, EvalError, Header};
use crate::model;

/// The form of journals that this program writes and reads.
pub const FORM: u32 = 1;

/// A line after the header.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// A finished row.
    Row(RowRecord),
    /// A row's random memories at the best cells.
    Control(ChanceRecord),
}

/// How likely the answer begins after a prompt; in f32, which a line of JSON keeps exactly.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// As [`model::Reading::logp_first`].
    #[serde(deserialize_with = "number")]
    pub logp_first: f32,
    /// As [`model::Reading::rank`].
    pub rank: usize,
}

impl From<model::Reading> for Reading {
    fn from(reading: model::Reading) -> Self {
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
    pub obscure: Reading,
    /// The prompt that names the bridge.
    pub explicit: Reading,
    /// What was injected.
    pub memories: Vec<String>,
    /// `[memories][cells]`, as [`model::Reading::logp_first`]; cells in the order of
    /// [`super::Experiment::spots`].
    #[serde(deserialize_with = "table")]
    pub logp: Vec<Vec<f32>>,
    /// `[memories][cells]`, as [`model::Reading::rank`].
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

/// A journal that is read from its beginning.
pub struct JournalReader {
    path: PathBuf,
    file: BufReader<File>,
    /// The first line.
    pub header: Header,
    /// Bytes of the whole lines read so far.
    pub offset: u64,
    line: u64,
    buffer: Vec<u8>,
}

impl JournalReader {
    /// Reads the header.
    ///
    /// # Errors
    /// The file cannot be read, or is no journal of this form.
    pub fn open(path: &Path) -> Result<Self, EvalError> {
        let wrong = |reason: &str| EvalError::Journal {
            path: path.into(),
            reason: reason.into(),
        };
        let file = File::open(path).map_err(EvalError::file("read", path))?;
        let mut file = BufReader::with_capacity(1 << 16, file);
        let mut buffer = Vec::new();
        file.read_until(b'\n', &mut buffer)
            .map_err(EvalError::file("read", path))?;
        let header: Header = serde_json::from_slice(&buffer).map_err(|_| {
            wrong("is no journal of `hoplens eval`: its first line is not a header. Name the folder given to --out, or its journal.jsonl.")
        })?;
        if header.hoplens_eval != FORM {
            return Err(wrong(
                "was written by another version of hoplens. Finish it with that one.",
            ));
        }
        Ok(Self {
            path: path.into(),
            file,
            header,
            offset: buffer.len() as u64,
            line: 1,
            buffer,
        })
    }

    /// The next whole line; `None` at the end, or before a last line that was torn.
    ///
    /// # Errors
    /// The file cannot be read, or a line that is whole cannot be understood.
    pub fn read(&mut self) -> Result<Option<Line>, EvalError> {
        self.buffer.clear();
        self.file
            .read_until(b'\n', &mut self.buffer)
            .map_err(EvalError::file("read", &self.path))?;
        if self.buffer.last() != Some(&b'\n') {
            return Ok(None);
        }
        self.line += 1;
        let line: Line = serde_json::from_slice(&self.buffer)
            .map_err(|error| self.damaged(&error.to_string()))?;
        if let Line::Row(row) = &line {
            let cells = self.header.experiment.cells();
            let fits = row.row < self.header.experiment.rows
                && row.logp.len() == row.memories.len()
                && row.rank.len() == row.memories.len()
                && row.logp.iter().all(|one| one.len() == cells)
                && row.rank.iter().all(|one| one.len() == cells);
            if !fits {
                return Err(self.damaged("the row does not fit the header"));
            }
        }
        self.offset += self.buffer.len() as u64;
        Ok(Some(line))
    }

    /// The bytes of the line that was read last, its end included.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.buffer
    }

    fn damaged(&self, why: &str) -> EvalError {
        EvalError::Journal {
            path: self.path.clone(),
            reason: format!(
                "line {} is damaged ({why}). Take the line out, and its row is measured again.",
                self.line
            ),
        }
    }
}

/// A journal that is being written.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    /// The rows that are finished.
    pub done: HashSet<usize>,
    /// The rows whose random memories are measured, with what was measured there.
    pub controls: Vec<ChanceRecord>,
}

impl Journal {
    /// Opens a journal to go on with it, or begins it.
    ///
    /// # Errors
    /// The journal belongs to another experiment or shard, is in use, or is damaged.
    pub fn open(path: &Path, header: &Header) -> Result<Self, EvalError> {
        let wrong = |reason: String| EvalError::Journal {
            path: path.into(),
            reason,
        };
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(path)
            .map_err(EvalError::file("write", path))?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => {
                return Err(wrong(
                    "another run is writing it. Wait for that one, or name another --out.".into(),
                ));
            }
            // File systems without locks: whoever uses them keeps runs apart.
            Ok(()) | Err(TryLockError::Error(_)) => {}
        }
        let mut journal = Self {
            path: path.into(),
            file: file.try_clone().map_err(EvalError::file("write", path))?,
            done: HashSet::new(),
            controls: Vec::new(),
        };
        if !has_line(path)? {
            // New, or killed while its header was written.
            file.set_len(0).map_err(EvalError::file("write", path))?;
            journal.write(header)?;
            return Ok(journal);
        }
        let mut reader = JournalReader::open(path)?;
        let there = &reader.header;
        let mut differences = header.experiment.differences(&there.experiment);
        if there.shard != header.shard {
            let name = |shard: Option<super::Shard>| {
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
                Line::Row(row) => {
                    if !journal.done.insert(row.row) {
                        return Err(wrong(format!(
                            "row {} stands in it twice. Take one of the lines out.",
                            row.row
                        )));
                    }
                }
                Line::Control(control) => journal.controls.push(control),
            }
        }
        file.set_len(reader.offset)
            .map_err(EvalError::file("write", path))?;
        journal
            .file
            .seek(SeekFrom::End(0))
            .map_err(EvalError::file("write", path))?;
        Ok(journal)
    }

    /// Adds a line; it is on the disk when this returns.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn add(&mut self, line: &Line) -> Result<(), EvalError> {
        self.write(line)?;
        if let Line::Row(row) = line {
            self.done.insert(row.row);
        }
        Ok(())
    }

    fn write(&mut self, line: &impl Serialize) -> Result<(), EvalError> {
        let mut bytes = serde_json::to_vec(line)
            .map_err(std::io::Error::from)
            .map_err(EvalError::file("write", &self.path))?;
        bytes.push(b'\n');
        self.file
            .write_all(&bytes)
            .and_then(|()| self.file.sync_data())
            .map_err(EvalError::file("write", &self.path))
    }
}

/// Whether the file has one whole line at least.
fn has_line(path: &Path) -> Result<bool, EvalError> {
    let file = File::open(path).map_err(EvalError::file("read", path))?;
    let mut first = Vec::new();
    BufReader::new(file)
        .read_until(b'\n', &mut first)
        .map_err(EvalError::file("read", path))?;
    Ok(first.last() == Some(&b'\n'))
}
