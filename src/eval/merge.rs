//! Shards put together.

use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::summary::missing_rows;
use super::{EvalError, Header, JournalReader, Line};

/// Where a row's line stands.
#[derive(Debug, Clone, Copy)]
struct Place {
    file: usize,
    start: u64,
    len: usize,
}

/// Writes one journal of all rows of `parts`, in their order, to `to`: the bytes that a run in
/// one piece leaves, without controls.
///
/// The journals may be those of any shards, as long as every row stands in exactly one of them.
/// Nothing appears under the name `to` before it is whole.
///
/// # Errors
/// Journals of different experiments, rows that are missing or stand twice (all named), or files
/// that cannot be read or written.
pub fn merge(parts: &[PathBuf], to: &Path) -> Result<Header, EvalError> {
    let mut header: Option<Header> = None;
    let mut places: Vec<Option<Place>> = Vec::new();
    for (file, path) in parts.iter().enumerate() {
        let mut reader = JournalReader::open(path)?;
        let first = header.get_or_insert_with(|| Header {
            shard: None,
            ..reader.header.clone()
        });
        let differences = first.experiment.differences(&reader.header.experiment);
        if !differences.is_empty() {
            return Err(EvalError::Journal {
                path: path.clone(),
                reason: format!(
                    "belongs to another experiment than {}: {}. Merge shards of one experiment only.",
                    parts[0].display(),
                    differences.join("; ")
                ),
            });
        }
        places.resize(first.experiment.rows, None);
        loop {
            let start = reader.offset;
            let Some(line) = reader.read()? else { break };
            let Line::Row(row) = line else { continue };
            if let Some(other) = places[row.row] {
                return Err(EvalError::Incomplete(format!(
                    "row {} (counted from 0) stands in {} and in {}. Merge each shard once.",
                    row.row,
                    parts[other.file].display(),
                    path.display()
                )));
            }
            places[row.row] = Some(Place {
                file,
                start,
                len: reader.bytes().len(),
            });
        }
    }
    let Some(header) = header else {
        return Err(EvalError::Incomplete("there is nothing to merge.".into()));
    };
    let missing = places.iter().enumerate().filter(|(_, one)| one.is_none());
    let missing: Vec<usize> = missing.map(|(row, _)| row).collect();
    if !missing.is_empty() {
        return Err(missing_rows(&missing));
    }
    write(parts, &header, places.into_iter().flatten(), to)?;
    Ok(header)
}

fn write(
    parts: &[PathBuf],
    header: &Header,
    places: impl Iterator<Item = Place>,
    to: &Path,
) -> Result<(), EvalError> {
    let failed = || EvalError::file("write", to);
    let folder = to.parent().unwrap_or(Path::new("."));
    let mut whole = tempfile::NamedTempFile::new_in(folder).map_err(failed())?;
    let mut files = Vec::with_capacity(parts.len());
    for path in parts {
        files.push(File::open(path).map_err(EvalError::file("read", path))?);
    }
    {
        let mut out = BufWriter::new(whole.as_file_mut());
        serde_json::to_writer(&mut out, header)
            .map_err(std::io::Error::from)
            .and_then(|()| out.write_all(b"\n"))
            .map_err(failed())?;
        for place in places {
            let mut line = vec![0; place.len];
            let file = &mut files[place.file];
            file.seek(SeekFrom::Start(place.start))
                .and_then(|_| file.read_exact(&mut line))
                .map_err(EvalError::file("read", &parts[place.file]))?;
            out.write_all(&line).map_err(failed())?;
        }
        out.flush().map_err(failed())?;
    }
    whole.as_file().sync_all().map_err(failed())?;
    whole
        .persist(to)
        .map_err(|error| error.error)
        .map_err(failed())?;
    Ok(())
}
