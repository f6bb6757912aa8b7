//! Applies an editor's edits.

use crate::text::boundary::snap;

use crate::text::line_index::{LineIndex, Position, PositionEncoding};

/// Applies one content change of LSP's incremental sync and updates `index`.
///
/// `range` is half open and counts in `encoding`; without a range the whole text is replaced.
/// Positions outside the text are clamped, and a range that ends before it starts is reversed, so
/// that no message from a client can fail.
pub fn apply_change(
    text: &mut String,
    index: &mut LineIndex,
    encoding: PositionEncoding,
    range: Option<(Position, Position)>,
    new: &str,
) {
    match range {
        None => new.clone_into(text),
        Some((start, end)) => {
            let start = index.offset(text, start, encoding);
            let end = index.offset(text, end, encoding);
            text.replace_range(snap(text, start.min(end))..snap(text, start.max(end)), new);
        }
    }
    *index = LineIndex::new(text);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn position(line: usize, column: usize) -> Position {
        Position { line, column }
    }

    #[test]
    fn a_change_without_a_range_replaces_everything() {
        let mut text = String::from("old");
        let mut index = LineIndex::new(&text);
        apply_change(&mut text, &mut index, PositionEncoding::Utf16, None, "a\nb");
        assert_eq!((text.as_str(), index.line_count()), ("a\nb", 2));
    }

    #[test]
    fn a_reversed_range_is_put_in_order() {
        let mut text = String::from("abc\ndef");
        let mut index = LineIndex::new(&text);
        let range = Some((position(1, 1), position(0, 1)));
        apply_change(&mut text, &mut index, PositionEncoding::Utf8, range, "-");
        assert_eq!(text, "a-ef");
    }

    /// Returns the offset of a position by counting lines and columns character by character.
    fn naive(text: &str, position: Position, encoding: PositionEncoding) -> usize {
        let (mut line, mut column) = (0, 0);
        let chars: Vec<char> = text.chars().collect();
        let mut offset = 0;
        for (at, char) in chars.iter().enumerate() {
            let line_break = *char == '\n' || *char == '\r';
            if line == position.line {
                let width = encoding.width(&char.to_string());
                if line_break || column + width > position.column {
                    return offset;
                }
                column += width;
            }
            offset += char.len_utf8();
            let first_of_two = *char == '\r' && chars.get(at + 1) == Some(&'\n');
            if line_break && !first_of_two {
                line += 1;
                column = 0;
            }
        }
        offset
    }

    proptest! {
        #[test]
        fn changes_equal_the_naive_model(
            start_text in "[ab\u{e9}\u{1f600}\r\n]{0,30}",
            changes in prop::collection::vec(
                (0..6usize, 0..9usize, 0..6usize, 0..9usize, "[xy\u{e9}\u{1f600}\r\n]{0,5}"), 1..6),
            which in 0..3usize,
        ) {
            let encoding = [PositionEncoding::Utf8, PositionEncoding::Utf16, PositionEncoding::Utf32][which];
            let mut text = start_text;
            let mut index = LineIndex::new(&text);
            for (line, column, end_line, end_column, new) in changes {
                let (from, to) = (position(line, column), position(end_line, end_column));
                let (a, b) = (naive(&text, from, encoding), naive(&text, to, encoding));
                let expected = format!("{}{new}{}", &text[..a.min(b)], &text[a.max(b)..]);
                apply_change(&mut text, &mut index, encoding, Some((from, to)), &new);
                prop_assert_eq!(&text, &expected);
                prop_assert_eq!(&index, &LineIndex::new(&text));
            }
        }
    }
}
