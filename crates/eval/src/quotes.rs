//! A check of the quotes in a CSV file: the csv crate reads an unclosed quote as a cell with the
//! rest of the file, and text after a closing quote as part of the cell.

/// The byte order mark of UTF-8.
const MARK: [u8; 3] = [0xEF, 0xBB, 0xBF];

/// What is invalid in a quoted cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum QuoteFault {
    /// The file ends inside it.
    Open,
    /// Text follows its closing quote.
    TextBehind,
}

/// An invalid quoted cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BadQuote {
    /// Line of its opening quote, from 1.
    pub line: u64,
    /// Index of its field in the record, from 0.
    pub field: usize,
    /// What is wrong.
    pub fault: QuoteFault,
}

#[derive(Debug, Clone, Copy)]
enum QuoteState {
    /// Before a cell's first byte.
    Start,
    /// In a cell without quotes.
    Plain,
    /// Between a cell's quotes.
    Quoted,
    /// After a quote that closes the cell, or that is the first of an escaped pair.
    Closed,
}

/// Checks the quotes of a CSV file, which is read in blocks.
#[derive(Debug)]
pub(super) struct QuoteChecker {
    state: QuoteState,
    /// Bytes of the byte order mark read so far.
    mark: usize,
    line: u64,
    field: usize,
    opened: (u64, usize),
}

impl QuoteChecker {
    pub(super) fn new() -> Self {
        Self {
            state: QuoteState::Start,
            mark: 0,
            line: 1,
            field: 0,
            opened: (1, 0),
        }
    }

    /// Checks the next bytes of the file.
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
                (QuoteState::Start, b'"') => {
                    self.opened = (self.line, self.field);
                    QuoteState::Quoted
                }
                (QuoteState::Quoted, b'"') => QuoteState::Closed,
                (QuoteState::Quoted, _) | (QuoteState::Closed, b'"') => QuoteState::Quoted,
                (_, b',') => {
                    self.field += 1;
                    QuoteState::Start
                }
                (_, b'\n' | b'\r') => {
                    self.field = 0;
                    QuoteState::Start
                }
                (QuoteState::Start | QuoteState::Plain, _) => QuoteState::Plain,
                (QuoteState::Closed, _) => return Err(self.bad(QuoteFault::TextBehind)),
            };
        }
        Ok(())
    }

    /// Checks the end of the file.
    pub(super) fn end(&self) -> Result<(), BadQuote> {
        match self.state {
            QuoteState::Quoted => Err(self.bad(QuoteFault::Open)),
            _ => Ok(()),
        }
    }

    fn bad(&self, fault: QuoteFault) -> BadQuote {
        let (line, field) = self.opened;
        BadQuote { line, field, fault }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(csv: &str) -> Result<(), BadQuote> {
        let mut quotes = QuoteChecker::new();
        // One byte per block: the state must be kept between blocks.
        for byte in csv.as_bytes() {
            quotes.read(&[*byte])?;
        }
        quotes.end()
    }

    #[test]
    fn valid_quotes_pass() {
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
    fn errors_name_the_opening_quote() {
        let bad = |csv: &str, line, field, fault| {
            assert_eq!(check(csv), Err(BadQuote { line, field, fault }), "{csv:?}");
        };
        bad("a,b\nx,\"y\nz,w\n", 2, 1, QuoteFault::Open);
        bad("a,b\r\n\r\nx,\"y\"\"", 3, 1, QuoteFault::Open);
        bad("a,b\n\"War\"x,y\n", 2, 0, QuoteFault::TextBehind);
        bad("a,b\nx,\"y\nz,\"w\"\n", 2, 1, QuoteFault::TextBehind);
        bad("\u{feff}\"a\" ,b\n", 1, 0, QuoteFault::TextBehind);
    }
}
