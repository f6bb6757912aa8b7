//! Conversions between the positions of LSP and bytes.

use std::ops::Range;

use tower_lsp_server::ls_types as lsp;

use hoplens_prompt::text::{LineIndex, Position, PositionEncoding};

/// Converts a position of the protocol.
pub(super) fn from_position(position: lsp::Position) -> Position {
    Position {
        line: position.line as usize,
        column: position.character as usize,
    }
}

/// Converts a range of the protocol.
pub(super) fn from_range(range: lsp::Range) -> (Position, Position) {
    (from_position(range.start), from_position(range.end))
}

/// Returns the bytes of a range of a text; a reversed range is turned round.
pub(super) fn bytes(
    text: &str,
    index: &LineIndex,
    range: lsp::Range,
    encoding: PositionEncoding,
) -> Range<usize> {
    let (start, end) = from_range(range);
    let start = index.offset(text, start, encoding);
    let end = index.offset(text, end, encoding);
    start.min(end)..start.max(end)
}

/// Returns the position of a byte of a text.
pub(super) fn position(
    text: &str,
    index: &LineIndex,
    offset: usize,
    encoding: PositionEncoding,
) -> lsp::Position {
    let position = index.position(text, offset, encoding);
    // Only a line of more than four thousand million columns does not fit.
    lsp::Position {
        line: u32::try_from(position.line).unwrap_or(u32::MAX),
        character: u32::try_from(position.column).unwrap_or(u32::MAX),
    }
}

/// Returns the range of bytes of a text.
pub(super) fn range(
    text: &str,
    index: &LineIndex,
    bytes: &Range<usize>,
    encoding: PositionEncoding,
) -> lsp::Range {
    lsp::Range {
        start: position(text, index, bytes.start, encoding),
        end: position(text, index, bytes.end, encoding),
    }
}
