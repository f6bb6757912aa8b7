//! A plain implementation of an editor's text and positions, for comparison.

use serde_json::Value;

/// How columns are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Units {
    Utf8,
    Utf16,
    Utf32,
}

impl Units {
    /// Returns the name in the protocol.
    pub fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Utf16 => "utf-16",
            Self::Utf32 => "utf-32",
        }
    }

    fn width(self, char: char) -> u64 {
        match self {
            Self::Utf8 => char.len_utf8() as u64,
            Self::Utf16 => char.len_utf16() as u64,
            Self::Utf32 => 1,
        }
    }
}

/// Returns the byte offset of a position in UTF-16. Positions out of bounds are clamped as LSP
/// specifies.
pub fn offset(text: &str, position: &Value) -> usize {
    offset_in(Units::Utf16, text, position)
}

/// The same in other units.
pub fn offset_in(units: Units, text: &str, position: &Value) -> usize {
    let (wanted_line, wanted_column) = (
        position["line"].as_u64().unwrap(),
        position["character"].as_u64().unwrap(),
    );
    let (mut line, mut column) = (0, 0);
    let mut chars = text.char_indices().peekable();
    while let Some((at, char)) = chars.next() {
        let is_break = char == '\n' || char == '\r';
        if line == wanted_line {
            let width = units.width(char);
            if is_break || wanted_column < column + width {
                return at;
            }
            column += width;
        }
        if is_break && !(char == '\r' && chars.peek().is_some_and(|(_, next)| *next == '\n')) {
            line += 1;
        }
    }
    text.len()
}

/// Returns the position of a byte offset in UTF-16. The offset must not be inside `\r\n`.
pub fn position(text: &str, offset: usize) -> Value {
    let before = &text[..offset];
    let start = before.rfind(['\n', '\r']).map_or(0, |at| at + 1);
    let lines = before.replace("\r\n", "\n").matches(['\n', '\r']).count();
    let column: usize = before[start..].chars().map(char::len_utf16).sum();
    serde_json::json!({"line": lines, "character": column})
}

/// Returns the text between two positions.
pub fn slice<'text>(text: &'text str, range: &Value) -> &'text str {
    &text[offset(text, &range["start"])..offset(text, &range["end"])]
}

/// Applies one content change of `textDocument/didChange`, its columns in UTF-16.
pub fn change(text: &mut String, change: &Value) {
    change_in(Units::Utf16, text, change);
}

/// The same in other units.
pub fn change_in(units: Units, text: &mut String, change: &Value) {
    let new = change["text"].as_str().unwrap();
    if change["range"].is_null() {
        new.clone_into(text);
        return;
    }
    let start = offset_in(units, text, &change["range"]["start"]);
    let end = offset_in(units, text, &change["range"]["end"]);
    text.replace_range(start.min(end)..start.max(end), new);
}

/// Applies the text edits of one file. Their ranges refer to the text before all edits.
pub fn apply(text: &str, edits: &Value) -> String {
    let mut edits: Vec<&Value> = edits.as_array().unwrap().iter().collect();
    edits.sort_by_key(|edit| std::cmp::Reverse(offset(text, &edit["range"]["start"])));
    let mut text = text.to_owned();
    for edit in edits {
        let start = offset(&text, &edit["range"]["start"]);
        let end = offset(&text, &edit["range"]["end"]);
        text.replace_range(start..end, edit["newText"].as_str().unwrap());
    }
    text
}
