//! A prompt without one of its segments, as an author would delete it.

use std::ops::Range;

use crate::render::rendered::Turn;
use crate::render::source_map::MappedText;
use crate::segments::lines::is_blank;
use crate::segments::prompt_segment::PromptSegment;

/// Returns the messages without a segment and without the white space that only it needs. A message
/// of which nothing is left is dropped.
pub fn without_segment(turns: &[Turn], segment: &PromptSegment) -> Vec<Turn> {
    let mut kept = Vec::with_capacity(turns.len());
    for (index, turn) in turns.iter().enumerate() {
        let mut parts = segment.parts.iter().filter(|part| part.turn == index);
        let Some(part) = parts.next_back() else {
            kept.push(turn.clone());
            continue;
        };
        let text = &turn.text;
        let removed = removed(&text.text, part.range.clone());
        let mut rest: MappedText = text.part(0..removed.start);
        rest.append("", &text.part(removed.end..text.text.len()));
        if !is_blank(&rest.text, 0..rest.text.len()) {
            kept.push(Turn {
                role: turn.role.clone(),
                text: rest,
            });
        }
    }
    kept
}

/// Returns the bytes that an author would delete with `range`: also the white space behind it, or
/// that before it where it ends its paragraph.
fn removed(text: &str, range: Range<usize>) -> Range<usize> {
    let before = text[..range.start].trim_end().len();
    let after = text.len() - text[range.end..].trim_start().len();
    let has_break = |white: Range<usize>| text[white].contains('\n');
    let begins_line = before == 0 || has_break(before..range.start);
    let ends_line = after == text.len() || has_break(range.end..after);
    if ends_line && !begins_line {
        // The end of a line: the line break stays.
        return before..range.end;
    }
    if after == text.len() && before > 0 {
        return before..range.end;
    }
    if begins_line && ends_line {
        // Whole lines. An indent before the next line is that line's own.
        let white = &text[range.end..after];
        let indent = white.len() - white.rfind('\n').map_or(0, |at| at + 1);
        let start = range.start - indent_before(text, range.start);
        return start..after - indent;
    }
    range.start..after
}

/// Returns the number of spaces and tabs between the beginning of the line and `at`.
fn indent_before(text: &str, at: usize) -> usize {
    let before = &text[..at];
    before.len() - before.trim_end_matches([' ', '\t']).len()
}
