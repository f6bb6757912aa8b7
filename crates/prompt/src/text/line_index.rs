//! Converts between byte offsets and lines and columns.

use std::ops::Range;

use crate::text::boundary::snap;

/// The unit of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum PositionEncoding {
    /// A byte of UTF-8.
    Utf8,
    /// A code unit of UTF-16, which every LSP client supports.
    #[default]
    Utf16,
    /// A Unicode scalar value.
    Utf32,
}

impl PositionEncoding {
    /// Returns the number of columns that `text` occupies.
    pub fn width(self, text: &str) -> usize {
        match self {
            Self::Utf8 => text.len(),
            Self::Utf16 => text.chars().map(char::len_utf16).sum(),
            Self::Utf32 => text.chars().count(),
        }
    }

    fn width_of(self, char: char) -> usize {
        match self {
            Self::Utf8 => char.len_utf8(),
            Self::Utf16 => char.len_utf16(),
            Self::Utf32 => 1,
        }
    }
}

/// A position between two characters, as editors count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Position {
    /// The line, from 0.
    pub line: usize,
    /// The column, from 0, in units of the [`PositionEncoding`] in use.
    pub column: usize,
}

/// The starts of the lines of one text; `\n`, `\r\n` and a lone `\r` end a line, as in LSP.
///
/// The index has no copy of the text: every method takes the text from which the index was built.
/// With another text the results are meaningless, but nothing fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineIndex {
    starts: Vec<usize>,
}

impl LineIndex {
    /// Finds the lines of `text`.
    pub fn new(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut starts = vec![0];
        for (at, byte) in bytes.iter().enumerate() {
            let ends_line = match byte {
                b'\n' => true,
                b'\r' => bytes.get(at + 1) != Some(&b'\n'),
                _ => false,
            };
            if ends_line {
                starts.push(at + 1);
            }
        }
        Self { starts }
    }

    /// Returns the number of lines; a text that ends with a line break has an empty last line.
    pub fn line_count(&self) -> usize {
        self.starts.len()
    }

    /// Returns the bytes of a line without its line break; `None` past the last line.
    pub fn line_range(&self, text: &str, line: usize) -> Option<Range<usize>> {
        let start = snap(text, *self.starts.get(line)?);
        let next = self.starts.get(line + 1).copied().unwrap_or(text.len());
        let whole = text.get(start..snap(text, next))?;
        let content = match self.starts.get(line + 1) {
            Some(_) => whole
                .strip_suffix("\r\n")
                .or_else(|| whole.strip_suffix(['\n', '\r']))
                .unwrap_or(whole),
            None => whole,
        };
        Some(start..start + content.len())
    }

    /// Returns the position of a byte offset.
    ///
    /// An offset past the end counts as the end, one inside a character as the character's start,
    /// and one inside `\r\n` as the end of the line.
    pub fn position(&self, text: &str, offset: usize, encoding: PositionEncoding) -> Position {
        let offset = snap(text, offset);
        let line = self
            .starts
            .partition_point(|start| *start <= offset)
            .saturating_sub(1);
        let range = self.line_range(text, line).unwrap_or(offset..offset);
        let before = text
            .get(range.start..offset.min(range.end))
            .unwrap_or_default();
        Position {
            line,
            column: encoding.width(before),
        }
    }

    /// Returns the byte offset of a position.
    ///
    /// A line past the last one counts as the end of the text, a column past the end of its line as
    /// the line's end, and a column inside a character as the character's start.
    pub fn offset(&self, text: &str, position: Position, encoding: PositionEncoding) -> usize {
        let Some(range) = self.line_range(text, position.line) else {
            return text.len();
        };
        let line = text.get(range.clone()).unwrap_or_default();
        let mut column = 0;
        for (at, char) in line.char_indices() {
            column += encoding.width_of(char);
            if column > position.column {
                return range.start + at;
            }
        }
        range.end
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ENCODINGS: [PositionEncoding; 3] = [
        PositionEncoding::Utf8,
        PositionEncoding::Utf16,
        PositionEncoding::Utf32,
    ];

    fn position(line: usize, column: usize) -> Position {
        Position { line, column }
    }

    #[test]
    fn every_kind_of_line_break_ends_a_line() {
        let text = "a\nb\r\nc\rd\n";
        let index = LineIndex::new(text);
        let lines: Vec<_> = (0..index.line_count())
            .map(|line| &text[index.line_range(text, line).unwrap()])
            .collect();
        assert_eq!(lines, ["a", "b", "c", "d", ""]);
        assert_eq!(index.line_range(text, 5), None);
    }

    #[test]
    fn columns_count_in_the_encoding() {
        let text = "é😀x";
        let index = LineIndex::new(text);
        let columns: Vec<_> = ENCODINGS
            .iter()
            .map(|encoding| index.position(text, 6, *encoding).column)
            .collect();
        assert_eq!(columns, [6, 3, 2]);
        // Column 2 in UTF-16 is between the surrogates of the emoji.
        let inside = index.offset(text, position(0, 2), PositionEncoding::Utf16);
        assert_eq!(inside, 2);
    }

    #[test]
    fn offsets_and_positions_outside_the_text_are_clamped() {
        let text = "ab\r\ncd";
        let index = LineIndex::new(text);
        let utf16 = PositionEncoding::Utf16;
        assert_eq!(index.offset(text, position(0, 99), utf16), 2);
        assert_eq!(index.offset(text, position(9, 0), utf16), 6);
        assert_eq!(index.position(text, 99, utf16), position(1, 2));
        assert_eq!(index.position(text, 3, utf16), position(0, 2));
    }

    proptest! {
        #[test]
        fn offsets_survive_the_round_trip(text in "[a\u{e9}\u{4e2d}\u{1f600}\u{301} \r\n]{0,40}") {
            let index = LineIndex::new(&text);
            for (offset, _) in text.char_indices().chain([(text.len(), ' ')]) {
                let splits_crlf = text[..offset].ends_with('\r') && text[offset..].starts_with('\n');
                for encoding in ENCODINGS {
                    let there = index.position(&text, offset, encoding);
                    let back = index.offset(&text, there, encoding);
                    prop_assert_eq!(back, if splits_crlf { offset - 1 } else { offset });
                }
            }
        }

        #[test]
        fn any_position_returns_a_character_boundary(text in "\\PC{0,30}\r?\n?\\PC{0,9}", line in 0..5usize, column in 0..60usize) {
            let index = LineIndex::new(&text);
            for encoding in ENCODINGS {
                let offset = index.offset(&text, position(line, column), encoding);
                prop_assert!(text.is_char_boundary(offset));
            }
        }
    }
}
