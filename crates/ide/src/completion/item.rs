//! One completion.

use std::ops::Range;

/// A text that the editor may insert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// What the list shows.
    pub label: String,
    /// The kind.
    pub kind: CompletionKind,
    /// A short description next to the label.
    pub detail: Option<String>,
    /// Documentation, in Markdown.
    pub doc: Option<String>,
    /// Bytes that are replaced, on one line; they include the cursor.
    pub range: Range<usize>,
    /// What replaces them.
    pub new_text: String,
    /// Whether `new_text` has placeholders (`$1`).
    pub is_snippet: bool,
    /// What the editor compares with the text typed so far.
    pub filter: String,
}

/// What a [`Completion`] inserts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompletionKind {
    /// A key.
    Key,
    /// A word from a fixed list.
    Word,
    /// A text or number from the prompt, the model or a fact.
    Value,
    /// A variable of a template.
    Variable,
    /// A helper, filter, test or statement of a template.
    Function,
    /// A partial.
    Partial,
}
