//! The changes that repairs make: an injection, or other words in the prompt.

use std::ops::Range;

use hoplens_interp::memory::MemoryInjection;
use hoplens_prompt::{FileEdit, MappedText, insert_text, replace_all};

/// The change that a repair makes.
#[derive(Debug, Clone, PartialEq)]
pub enum RepairChange {
    /// A memory is injected while the model reads.
    Inject(MemoryInjection),
    /// Words of the prompt are changed.
    Words {
        /// The way of changing the words.
        wording: Wording,
        /// Bytes of the rendered prompt that are replaced; empty if words are only added.
        range: Range<usize>,
        /// The old words.
        was: String,
        /// The new words.
        text: String,
        /// Further occurrences of the old words, each with its new words.
        also: Vec<(Range<usize>, String)>,
    },
}

/// The ways of changing a prompt's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wording {
    /// The bridge is named in place of the mention.
    Rewrite,
    /// The bridge is named after the mention, between commas.
    Appositive,
    /// A line before the prompt states what the mention stands for.
    Fact,
    /// The same words in better tokens.
    Retokenize,
}

impl RepairChange {
    /// Returns the injection, if the change is one.
    pub const fn injection(&self) -> Option<&MemoryInjection> {
        match self {
            Self::Inject(memory_injection) => Some(memory_injection),
            Self::Words { .. } => None,
        }
    }

    /// Returns the name of the kind in reports.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Inject(_) => "inject",
            Self::Words { wording, .. } => match wording {
                Wording::Rewrite => "rewrite",
                Wording::Appositive => "appositive",
                Wording::Fact => "fact",
                Wording::Retokenize => "respell",
            },
        }
    }
}

/// Returns the file edit that changes the words of a rendered prompt; `None` for an injection, and
/// if the words are not in the file.
pub fn words_edit(rendered: &MappedText, change: &RepairChange) -> Option<FileEdit> {
    let RepairChange::Words {
        range, text, also, ..
    } = change
    else {
        return None;
    };
    if range.is_empty() {
        return insert_text(rendered, range.start, text);
    }
    let mut changes = vec![(range.clone(), text.as_str())];
    changes.extend(
        also.iter()
            .map(|(range, text)| (range.clone(), text.as_str())),
    );
    replace_all(rendered, &changes)
}
