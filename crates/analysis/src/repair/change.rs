//! What a repair changes: an injection, or words of the prompt.

use std::ops::Range;

use hoplens_interp::memory::MemoryInjection;
use hoplens_prompt::{FileEdit, MappedText, insert_text, replace_all};

/// What a repair changes.
#[derive(Debug, Clone, PartialEq)]
pub enum RepairChange {
    /// A memory is injected while the model reads.
    Inject(MemoryInjection),
    /// Words of the prompt are changed.
    Words {
        /// To what end.
        wording: Wording,
        /// Bytes of the rendered prompt that go; empty where words are only added.
        range: Range<usize>,
        /// The words that stand there.
        was: String,
        /// The words that stand there instead.
        text: String,
        /// Further places of the same words, each with what stands there instead.
        also: Vec<(Range<usize>, String)>,
    },
}

/// The ways of changing a prompt's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wording {
    /// The bridge is named in place of the mention.
    Rewrite,
    /// The bridge is named behind the mention, between commas.
    Appositive,
    /// A line before the prompt says what the mention stands for.
    Fact,
    /// The same words in better tokens.
    Retokenize,
}

impl RepairChange {
    /// The injection, if it is one.
    pub const fn injection(&self) -> Option<&MemoryInjection> {
        match self {
            Self::Inject(memory_injection) => Some(memory_injection),
            Self::Words { .. } => None,
        }
    }

    /// The kind as reports call it.
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

/// The edit that changes the words of a rendered prompt in its file; `None` for an injection, and
/// where the words are not in the file.
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
