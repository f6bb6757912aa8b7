//! The journal of a run: an append-only file with a line of JSON for the header and for each
//! finished row.
//!
//! Each line is on the disk before the next row begins. Resuming a run truncates a line that a kill
//! left incomplete, and measures its row again.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::error::EvalError;
use crate::experiment::{JournalHeader, RowShard};
use crate::lock::lock;
use crate::reader::JournalReader;
use crate::record::{ControlRecord, JournalLine, line_of};

/// A journal, open for writing.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    /// The rows that are finished.
    pub done: HashSet<usize>,
    /// The controls that are measured.
    pub controls: Vec<ControlRecord>,
}

impl Journal {
    /// Opens a journal to continue it, or creates it. Truncates only what a kill left incomplete: a
    /// prefix of this header, or a last line without a line break.
    ///
    /// # Errors
    /// The file is not a journal, belongs to another experiment or shard, is in use, or is damaged.
    pub fn open(path: &Path, header: &JournalHeader) -> Result<Self, EvalError> {
        let failed = || EvalError::file("write", path);
        // In append mode, so that runs cannot overwrite each other's lines on file systems without
        // locks. Windows does not truncate a file that is open in append mode.
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
            // New, or killed while the header was written.
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
            let name = |shard: Option<RowShard>| {
                shard.map_or("the whole".into(), |shard| format!("shard {shard}"))
            };
            differences.push(format!(
                "it is {} there and {} here",
                name(there.shard),
                name(header.shard)
            ));
        }
        if !differences.is_empty() {
            return Err(EvalError::ForeignFile {
                path: path.into(),
                reason: format!(
                    "belongs to another run: {}. Repeat that run's options, or use another output folder.",
                    differences.join("; ")
                ),
            });
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

    /// Appends a line and flushes it to the disk.
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
