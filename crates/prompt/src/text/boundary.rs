//! Offsets at the boundaries of characters.

use std::ops::Range;

/// Returns the character boundary at or before `offset`, which is clamped to the text.
pub fn snap(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

/// Returns the range widened to whole characters inside the text.
pub(crate) fn whole_chars(text: &str, range: &Range<usize>) -> Range<usize> {
    let start = snap(text, range.start);
    let mut end = range.end.clamp(start, text.len());
    while !text.is_char_boundary(end) {
        end += 1;
    }
    start..end
}
