//! Shards put together.

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

/// Where a row's line stands.
#[derive(Debug, Clone, Copy)]
struct Place {
    file: usize,
    start: u64,
    len: usize,
}

/// A journal that was put together.
#[derive(Debug)]
pub struct MergedJournal {
    /// Its first line.
    pub header: JournalHeader,
    /// The journal, locked: no run writes in its folder while this is held.
    pub lock: File,
}

/// Writes one journal of all rows of `parts`, in their order, to `to`: the bytes that a run in
/// one piece leaves, without controls.
///
/// The journals may be those of any shards, as long as every row stands in exactly one of them.
/// Nothing appears under the name `to` before it is whole; what is there already stays, unless it
/// is a journal of the same experiment without shards.
///
/// # Errors
/// Journals of different experiments, rows that are missing or stand twice (all named), something
/// else under the name `to`, or files that cannot be read or written.
pub fn merge(parts: &[PathBuf], to: &Path) -> Result<MergedJournal, EvalError> {
    let Some(first) = parts.first() else {
        return Err(EvalError::Incomplete("there is nothing to merge.".into()));
    };
    let header = JournalHeader {
        shard: None,
        ..JournalReader::open(first)?.header
    };
    let replaced = replaced(to, &header)?;
    // By what is there, not by what the header says: a damaged one may say anything.
    let mut places: BTreeMap<usize, Place> = BTreeMap::new();
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
            if let Some(other) = places.insert(row.row, Place { file, start, len }) {
                return Err(EvalError::Incomplete(format!(
                    "row {} (counted from 0) stands in {} and in {}. Merge each shard once.",
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
    // Another merge may have ended between the two looks.
    if replaced.is_none() && to.exists() {
        return Err(in_use(to));
    }
    let written = write(parts, &header, places.into_values(), &file, &part)
        .and_then(|()| std::fs::rename(&part, to).map_err(EvalError::file("write", to)));
    if written.is_err() {
        // What is left of it is of no use, and the first error is the one to tell.
        let _ = std::fs::remove_file(&part);
    }
    written?;
    Ok(MergedJournal { header, lock: file })
}

/// The journal that a merge may replace, locked; `None` if there is nothing.
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
        return Err(EvalError::Journal {
            path: to.into(),
            reason: "belongs to another run. Name another --out.".into(),
        });
    }
    Ok(Some(file))
}

fn write(
    parts: &[PathBuf],
    header: &JournalHeader,
    places: impl Iterator<Item = Place>,
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
