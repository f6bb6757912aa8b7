//! Text edits of a prompt file and its sidecar.

use std::ops::Range;

use crate::companion_files::CompanionTexts;
use crate::declarations::spanned::Origin;
use crate::file::parse_as;
use crate::file::prompt_file::PromptFile;

/// A replacement of some bytes. An empty range inserts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TextEdit {
    /// Byte range in the text before any edit.
    pub range: Range<usize>,
    /// The text that replaces the range.
    pub new_text: String,
}

impl TextEdit {
    /// Returns the smallest edit that turns one text into another, in whole characters.
    pub fn between(before: &str, after: &str) -> Self {
        let same = |pairs: &mut dyn Iterator<Item = (char, char)>| -> usize {
            let same = pairs.take_while(|(a, b)| a == b);
            same.map(|(char, _)| char.len_utf8()).sum()
        };
        let start = same(&mut before.chars().zip(after.chars()));
        let (rest, new) = (&before[start..], &after[start..]);
        let end = same(&mut rest.chars().rev().zip(new.chars().rev()));
        Self {
            range: start..before.len() - end,
            new_text: after[start..after.len() - end].to_owned(),
        }
    }
}

/// Edits of one file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FileEdit {
    /// The prompt file ([`Origin::FrontMatter`]) or its sidecar.
    pub target: Origin,
    /// Edits that do not overlap, in text order.
    pub edits: Vec<TextEdit>,
    /// Whether the target does not exist yet. The edits then apply to an empty text.
    pub creates: bool,
}

impl FileEdit {
    /// Returns the target's text after the edits; ranges outside `text` are clamped.
    pub fn apply(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len() + 64);
        let mut at = 0;
        for edit in &self.edits {
            let start = crate::text::boundary::snap(text, edit.range.start).max(at);
            out.push_str(text.get(at..start).unwrap_or_default());
            out.push_str(&edit.new_text);
            at = crate::text::boundary::snap(text, edit.range.end).max(start);
        }
        out.push_str(text.get(at..).unwrap_or_default());
        out
    }
}

/// Applies an edit and returns the parsed file and its text.
pub fn edited(file: &PromptFile, text: &str, edit: &FileEdit) -> (PromptFile, String) {
    let companions = file.companion_texts();
    match edit.target {
        Origin::FrontMatter => {
            let text = edit.apply(text);
            (parse_as(file.format, &text, companions), text)
        }
        Origin::Sidecar => {
            let sidecar = edit.apply(companions.sidecar.unwrap_or_default());
            let companions = CompanionTexts {
                sidecar: Some(&sidecar),
                ..companions
            };
            (parse_as(file.format, text, companions), text.to_owned())
        }
    }
}
