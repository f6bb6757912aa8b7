//! Lines of a text with their positions.

use std::ops::Range;

/// Returns the lines of `text[range]` as bytes of `text`, without their line breaks.
pub(crate) fn lines(text: &str, range: Range<usize>) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut at = range.start;
    let inside = text.get(range).unwrap_or_default();
    inside.split_inclusive('\n').map(move |line| {
        let start = at;
        at += line.len();
        let content = line.strip_suffix('\n').unwrap_or(line);
        let content = content.strip_suffix('\r').unwrap_or(content);
        start..start + content.len()
    })
}

/// Returns a range without the white space at both of its ends; empty where there is nothing else.
pub(crate) fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let inside = text.get(range.clone()).unwrap_or_default();
    let start = range.start + (inside.len() - inside.trim_start().len());
    start..start + inside.trim().len()
}

/// Returns whether a range has nothing but white space.
pub(crate) fn is_blank(text: &str, range: Range<usize>) -> bool {
    text.get(range).unwrap_or_default().trim().is_empty()
}
