//! The quotes of a CSV file, checked apart: the csv crate takes a quote that is never closed for
//! a cell that holds the rest of the file, and text behind a closing one for part of its cell.

/// The byte order mark that may stand first.
const MARK: [u8; 3] = [0xEF, 0xBB, 0xBF];

/// What can be wrong with a quoted cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The file ends inside it.
    Open,
    /// Text follows its closing quote.
    TextBehind,
}

/// A quoted cell that is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BadQuote {
    /// Line of its opening quote, from 1.
    pub line: u64,
    /// Its place in the record, from 0.
    pub field: usize,
    /// What is wrong.
    pub fault: Fault,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// Before a cell's first byte.
    Start,
    /// In a cell without quotes.
    Plain,
    /// Between a cell's quotes.
    Quoted,
    /// Behind a quote that closes the cell, or is the first of two that mean one.
    Closed,
}

/// Reads a CSV file's bytes in blocks.
#[derive(Debug)]
pub(super) struct Quotes {
    state: State,
    /// Bytes of the byte order mark that were seen.
    mark: usize,
    line: u64,
    field: usize,
    opened: (u64, usize),
}

impl Quotes {
    pub(super) fn new() -> Self {
        Self {
            state: State::Start,
            mark: 0,
            line: 1,
            field: 0,
            opened: (1, 0),
        }
    }

    /// The next bytes of the file.
    pub(super) fn read(&mut self, block: &[u8]) -> Result<(), BadQuote> {
        for &byte in block {
            if MARK.get(self.mark) == Some(&byte) {
                self.mark += 1;
                continue;
            }
            self.mark = MARK.len();
            if byte == b'\n' {
                self.line += 1;
            }
            self.state = match (self.state, byte) {
                (State::Start, b'"') => {
                    self.opened = (self.line, self.field);
                    State::Quoted
                }
                (State::Quoted, b'"') => State::Closed,
                (State::Quoted, _) | (State::Closed, b'"') => State::Quoted,
                (_, b',') => {
                    self.field += 1;
                    State::Start
                }
                (_, b'\n' | b'\r') => {
                    self.field = 0;
                    State::Start
                }
                (State::Start | State::Plain, _) => State::Plain,
                (State::Closed, _) => return Err(self.bad(Fault::TextBehind)),
            };
        }
        Ok(())
    }

    /// The end of the file.
    pub(super) fn end(&self) -> Result<(), BadQuote> {
        match self.state {
            State::Quoted => Err(self.bad(Fault::Open)),
            _ => Ok(()),
        }
    }

    fn bad(&self, fault: Fault) -> BadQuote {
        let (line, field) = self.opened;
        BadQuote { line, field, fault }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(csv: &str) -> Result<(), BadQuote> {
        let mut quotes = Quotes::new();
        // Byte after byte: no state is lost between blocks.
        for byte in csv.as_bytes() {
            quotes.read(&[*byte])?;
        }
        quotes.end()
    }

    #[test]
    fn sound_quotes_pass() {
        for csv in [
            "",
            "a,b\n1,2",
            "\u{feff}\"a\",b\r\n\"x, \"\"y\"\"\",\"two\nlines\"",
            "a,say \"b\"\n\n\"\",\"\"\"\"\n",
        ] {
            assert_eq!(check(csv), Ok(()), "{csv:?}");
        }
    }

    #[test]
    fn a_cell_is_named_by_its_opening_quote() {
        let bad = |csv: &str, line, field, fault| {
            assert_eq!(check(csv), Err(BadQuote { line, field, fault }), "{csv:?}");
        };
        bad("a,b\nx,\"y\nz,w\n", 2, 1, Fault::Open);
        bad("a,b\r\n\r\nx,\"y\"\"", 3, 1, Fault::Open);
        bad("a,b\n\"War\"x,y\n", 2, 0, Fault::TextBehind);
        bad("a,b\nx,\"y\nz,\"w\"\n", 2, 1, Fault::TextBehind);
        bad("\u{feff}\"a\" ,b\n", 1, 0, Fault::TextBehind);
    }
}
