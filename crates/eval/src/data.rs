//! The data set: a CSV file that is read row by row, never as a whole.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use csv::{ErrorKind, StringRecord};
use sha2::{Digest as _, Sha256};

use crate::error::EvalError;
use crate::quotes::{BadQuote, QuoteChecker, QuoteFault};
use hoplens_store::hex;

/// The columns that a data set must have, in any order; other columns are ignored.
pub const COLUMNS: [&str; 5] = [
    "explicit_sentence",
    "obscure_sentence",
    "explicit_entity",
    "obscure_entity",
    "answer",
];

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// Its index among the rows, from 0.
    pub row: usize,
    /// Byte offset of its record in the file, including the line breaks before it.
    pub byte: u64,
    /// The prompt that names the bridge.
    pub explicit_sentence: String,
    /// The prompt with the mention: memories are injected into it.
    pub obscure_sentence: String,
    /// The bridge: the memory, unless the experiment injects words of a list.
    pub explicit_entity: String,
    /// The mention that refers to the bridge.
    pub obscure_entity: String,
    /// The expected answer, without a leading space.
    pub answer: String,
}

/// A data set whose rows have all been validated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataSet {
    /// The file.
    pub path: PathBuf,
    /// Hex digest of its bytes.
    pub sha256: String,
    /// Number of rows.
    pub rows: usize,
}

impl DataSet {
    /// Reads the whole file once: computes its digest, counts its rows and validates each.
    ///
    /// # Errors
    /// The file is not a regular file, lacks columns or rows, or has a line with another number of
    /// fields or that is not UTF-8, a quote that is not closed, or a required cell that is empty or
    /// has several lines.
    pub fn open(path: &Path) -> Result<Self, EvalError> {
        let mut data = Self {
            path: path.into(),
            sha256: String::new(),
            rows: 0,
        };
        let about = std::fs::metadata(path).map_err(EvalError::file("read", path))?;
        if !about.is_file() {
            return Err(data.wrong(
                "is not a regular file, and it must be read more than once. Save the rows to a file, and use that file.".into(),
            ));
        }
        let mut hash = Sha256::new();
        let mut quotes = QuoteChecker::new();
        let mut file = File::open(path).map_err(EvalError::file("read", path))?;
        let mut block = vec![0; 1 << 20];
        loop {
            let count = file
                .read(&mut block)
                .map_err(EvalError::file("read", path))?;
            if count == 0 {
                break;
            }
            hash.update(&block[..count]);
            let read = quotes.read(&block[..count]);
            read.map_err(|bad| data.quote(bad))?;
        }
        quotes.end().map_err(|bad| data.quote(bad))?;
        data.sha256 = hex(&hash.finalize());
        let mut rows = 0;
        for example in data.examples()? {
            example?;
            rows += 1;
        }
        if rows == 0 {
            return Err(data.wrong("has a header but no rows. Add at least one row.".into()));
        }
        data.rows = rows;
        Ok(data)
    }

    /// The rows, one at a time.
    ///
    /// # Errors
    /// As [`DataSet::open`]; of a row when it is reached.
    pub fn examples(
        &self,
    ) -> Result<impl Iterator<Item = Result<Example, EvalError>> + use<>, EvalError> {
        let file = File::open(&self.path).map_err(EvalError::file("read", &self.path))?;
        // The csv crate skips a byte order mark and accepts CRLF.
        let mut reader = csv::Reader::from_reader(BufReader::new(file));
        let header = reader.headers().map_err(|error| self.explain(error))?;
        let places = self.column_indices(header)?;
        let data = self.clone();
        let mut records = reader.into_records().enumerate();
        Ok(std::iter::from_fn(move || {
            let (row, record) = records.next()?;
            let record = record.map_err(|error| data.explain(error));
            Some(record.and_then(|record| data.example(row, &places, &record)))
        }))
    }

    /// Returns the index of each of [`COLUMNS`].
    fn column_indices(&self, header: &StringRecord) -> Result<[usize; 5], EvalError> {
        if header.iter().all(str::is_empty) {
            let wanted = COLUMNS.join(",");
            return Err(self.wrong(format!("is empty. Its first line must be {wanted}.")));
        }
        let place = |name: &str| header.iter().position(|column| column.trim() == name);
        let missing: Vec<&str> = COLUMNS
            .into_iter()
            .filter(|name| place(name).is_none())
            .collect();
        if !missing.is_empty() {
            let has: Vec<&str> = header.iter().collect();
            return Err(self.wrong(format!(
                "lacks the column {}; its first line has {}. Put the columns {} there, separated by commas.",
                missing.join(", "),
                has.join(", "),
                COLUMNS.join(", ")
            )));
        }
        if let Some(twice) = COLUMNS.into_iter().find(|name| {
            header
                .iter()
                .filter(|column| column.trim() == *name)
                .count()
                > 1
        }) {
            return Err(self.wrong(format!("has the column {twice} twice. Remove one of them.")));
        }
        Ok(COLUMNS.map(|name| place(name).unwrap_or_default()))
    }

    fn example(
        &self,
        row: usize,
        places: &[usize; 5],
        record: &StringRecord,
    ) -> Result<Example, EvalError> {
        let byte = record.position().map_or(0, csv::Position::byte);
        for (name, place) in COLUMNS.iter().zip(places) {
            let text = record.get(*place).unwrap_or_default();
            let reason = if text.trim().is_empty() {
                format!("{name} is empty. Fill it in, or delete the row.")
            } else if text.contains(['\n', '\r']) {
                // Mostly two stray quotes with whole rows between them.
                format!(
                    "{name} has several lines. Close its double quote on the line where it begins, or write the text on one line."
                )
            } else {
                continue;
            };
            return Err(self.line(byte, reason));
        }
        let text = |index: usize| record.get(places[index]).unwrap_or_default().to_owned();
        Ok(Example {
            row,
            byte,
            explicit_sentence: text(0),
            obscure_sentence: text(1),
            explicit_entity: text(2),
            obscure_entity: text(3),
            answer: text(4),
        })
    }

    /// Adds the row's line to an error that stopped its measurement.
    pub fn in_row(&self, example: &Example, error: &EvalError) -> EvalError {
        self.line(example.byte, error.to_string())
    }

    /// Returns an error with the line of the record that begins at a byte.
    pub(super) fn line(&self, byte: u64, reason: String) -> EvalError {
        match self.line_of(byte) {
            Ok(line) => EvalError::Line {
                path: self.path.clone(),
                line,
                reason,
            },
            Err(source) => EvalError::File {
                verb: "read",
                path: self.path.clone(),
                source,
            },
        }
    }

    /// Returns the line, from 1, of the record that begins at a byte. The csv crate's own count is
    /// too low after CRLF and after empty lines.
    fn line_of(&self, byte: u64) -> std::io::Result<u64> {
        let mut line = 1;
        for (at, read) in BufReader::new(File::open(&self.path)?).bytes().enumerate() {
            match read? {
                b'\n' => line += 1,
                b'\r' => {}
                _ if at as u64 >= byte => break,
                _ => {}
            }
        }
        Ok(line)
    }

    /// Returns the error for an invalid quoted cell, with its line and column.
    fn quote(&self, bad: BadQuote) -> EvalError {
        let header = csv::Reader::from_path(&self.path).and_then(|mut csv| csv.headers().cloned());
        let name = header.ok().and_then(|header| {
            let name = header.get(bad.field)?.trim().to_owned();
            (1 < bad.line && !name.is_empty()).then_some(name)
        });
        let name = name.unwrap_or_else(|| format!("field {}", bad.field + 1));
        let what = match bad.fault {
            QuoteFault::Open => "begins with a double quote that is never closed",
            QuoteFault::TextBehind => "has text behind its closing double quote",
        };
        EvalError::Line {
            path: self.path.clone(),
            line: bad.line,
            reason: format!(
                "{name} {what}. Put the whole text between two double quotes, and write each one inside it twice."
            ),
        }
    }

    fn wrong(&self, reason: String) -> EvalError {
        EvalError::Data {
            path: self.path.clone(),
            reason,
        }
    }

    fn explain(&self, error: csv::Error) -> EvalError {
        let at = |position: Option<&csv::Position>| position.map_or(0, csv::Position::byte);
        match error.kind() {
            ErrorKind::UnequalLengths {
                pos,
                expected_len,
                len,
            } => self.line(
                at(pos.as_ref()),
                format!(
                    "has {len} fields, and the first line has {expected_len}. Put text that contains commas in double quotes."
                ),
            ),
            ErrorKind::Utf8 { pos, err } => self.line(
                at(pos.as_ref()),
                format!("field {} is not UTF-8 text. Save the file as UTF-8.", err.field() + 1),
            ),
            _ => match error.into_kind() {
                ErrorKind::Io(source) => EvalError::File {
                    verb: "read",
                    path: self.path.clone(),
                    source,
                },
                other => self.wrong(format!("{other:?}. Save it as CSV with commas.")),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(bytes: &[u8]) -> (Vec<Example>, Vec<u64>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data.csv");
        std::fs::write(&path, bytes).unwrap();
        let data = DataSet::open(&path).unwrap();
        let examples: Vec<Example> = data.examples().unwrap().map(Result::unwrap).collect();
        assert_eq!(examples.len(), data.rows);
        let lines = examples.iter().map(|one| data.line_of(one.byte).unwrap());
        let lines = lines.collect();
        (examples, lines)
    }

    #[test]
    fn reads_quotes_crlf_byte_order_marks_and_other_columns() {
        let csv = "\u{feff}answer,note,explicit_entity,obscure_entity,explicit_sentence,obscure_sentence\r\n\
                   x,\"1\n2\",Bridge,mention,\"a, \"\"b\"\"\",\"c d\"\r\n\r\ny,1,E,O,S,T\r\n";
        for (csv, is_marked) in [
            (csv, true),
            (&csv.replace('\r', ""), true),
            (&csv[3..], false),
        ] {
            let (rows, lines) = open(csv.as_bytes());
            assert_eq!(rows.len(), 2);
            assert_eq!(rows[0].explicit_sentence, "a, \"b\"");
            assert_eq!(rows[0].obscure_sentence, "c d");
            assert_eq!((rows[1].row, rows[1].answer.as_str()), (1, "y"));
            assert_eq!(lines, [2, 5], "marked: {is_marked}");
        }
    }

    #[test]
    fn errors_of_a_row_contain_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data.csv");
        std::fs::write(&path, format!("{}\n\na,b,c,d,e\n", COLUMNS.join(","))).unwrap();
        let data = DataSet::open(&path).unwrap();
        let example = data.examples().unwrap().next().unwrap().unwrap();
        let error = EvalError::Incomplete("too hot. Wait.".into());
        let said = data.in_row(&example, &error).to_string();
        assert!(said.ends_with("data.csv, line 3: too hot. Wait."), "{said}");
    }
}
