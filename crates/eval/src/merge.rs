//! The merging of shards.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::error::EvalError;
use crate::experiment::JournalHeader;
use crate::lock::{in_use, lock, part_of};
use crate::reader::JournalReader;
use crate::record::{JournalLine, line_of};
use crate::summary::missing_rows;

/// The location of a row's line.
#[derive(Debug, Clone, Copy)]
struct LineLocation {
    file: usize,
    start: u64,
    len: usize,
}

/// A merged journal.
#[derive(Debug)]
pub struct MergedJournal {
    /// Its first line.
    pub header: JournalHeader,
    /// The journal, locked: no run writes into its folder until this is dropped.
    pub lock: File,
}

/// Merges the rows of `parts`, in their order, into one journal at `to`: the bytes of an
/// uninterrupted run, without controls.
///
/// The journals may be those of any shards, as long as every row occurs in exactly one of them. The
/// journal appears at `to` only when it is complete. It replaces an unsharded journal of the same
/// experiment, and nothing else.
///
/// # Errors
/// Journals of different experiments, rows that are missing or occur twice (all are named), another
/// file at `to`, or files that cannot be read or written.
pub fn merge(parts: &[PathBuf], to: &Path) -> Result<MergedJournal, EvalError> {
    let Some(first) = parts.first() else {
        return Err(EvalError::Incomplete("there is nothing to merge.".into()));
    };
    let header = JournalHeader {
        shard: None,
        ..JournalReader::open(first)?.header
    };
    let replaced = replaced(to, &header)?;
    // Grows with the rows found: a damaged header may claim any number of rows.
    let mut places: BTreeMap<usize, LineLocation> = BTreeMap::new();
    for (file, path) in parts.iter().enumerate() {
        let mut reader = JournalReader::open(path)?;
        let differences = header.experiment.differences(&reader.header.experiment);
        if !differences.is_empty() {
            return Err(EvalError::Journal {
                path: path.clone(),
                reason: format!(
                    "belongs to another experiment than {}: {}. Merge shards of one experiment only.",
                    first.display(),
                    differences.join("; ")
                ),
            });
        }
        loop {
            let start = reader.offset;
            let Some(line) = reader.read()? else { break };
            let JournalLine::Row(row) = line else {
                continue;
            };
            let len = reader.bytes().len();
            if let Some(other) = places.insert(row.row, LineLocation { file, start, len }) {
                return Err(EvalError::Incomplete(format!(
                    "row {} (counted from 0) is in {} and in {}. Merge each shard once.",
                    row.row,
                    parts[other.file].display(),
                    path.display()
                )));
            }
        }
    }
    if places.len() < header.experiment.rows {
        let missing = |row: &usize| !places.contains_key(row);
        return Err(missing_rows(header.experiment.rows, places.len(), missing));
    }
    let part = part_of(to);
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&part)
        .map_err(EvalError::file("write", &part))?;
    lock(&file, &part)?;
    // Another merge may have finished since the check above.
    if replaced.is_none() && to.exists() {
        return Err(in_use(to));
    }
    let written = write(parts, &header, places.into_values(), &file, &part)
        .and_then(|()| std::fs::rename(&part, to).map_err(EvalError::file("write", to)));
    if written.is_err() {
        // The incomplete file is of no use; the first error is the one to report.
        let _ = std::fs::remove_file(&part);
    }
    written?;
    Ok(MergedJournal { header, lock: file })
}

/// Opens and locks the journal that a merge may replace; `None` if there is none.
fn replaced(to: &Path, header: &JournalHeader) -> Result<Option<File>, EvalError> {
    let file = match File::options().read(true).write(true).open(to) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        file => file.map_err(EvalError::file("write", to))?,
    };
    lock(&file, to)?;
    let copy = file.try_clone().map_err(EvalError::file("read", to))?;
    let there = JournalReader::of_file(to, copy)?.header;
    let differences = header.experiment.differences(&there.experiment);
    if there.shard.is_some() || !differences.is_empty() {
        return Err(EvalError::ForeignFile {
            path: to.into(),
            reason: "belongs to another run. Use another output folder.".into(),
        });
    }
    Ok(Some(file))
}

fn write(
    parts: &[PathBuf],
    header: &JournalHeader,
    places: impl Iterator<Item = LineLocation>,
    whole: &File,
    name: &Path,
) -> Result<(), EvalError> {
    let failed = || EvalError::file("write", name);
    let mut files = Vec::with_capacity(parts.len());
    for path in parts {
        files.push(File::open(path).map_err(EvalError::file("read", path))?);
    }
    whole.set_len(0).map_err(failed())?;
    let mut out = BufWriter::new(whole);
    let line = line_of(header).map_err(failed())?;
    out.write_all(&line).map_err(failed())?;
    for place in places {
        let mut line = vec![0; place.len];
        let file = &mut files[place.file];
        file.seek(SeekFrom::Start(place.start))
            .and_then(|_| file.read_exact(&mut line))
            .map_err(EvalError::file("read", &parts[place.file]))?;
        out.write_all(&line).map_err(failed())?;
    }
    out.flush().map_err(failed())?;
    whole.sync_all().map_err(failed())
}
