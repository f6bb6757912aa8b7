//! A unit of a rendered prompt.

use std::ops::Range;

/// A unit of a rendered prompt that an author would delete as a whole, with its place in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromptSegment {
    /// What it is.
    pub kind: SegmentKind,
    /// Its text in the messages: one part, except that an example of two messages has two.
    pub parts: Vec<SegmentPart>,
    /// Bytes of the prompt file: its text, and the whole of each tag that wrote a part of it.
    pub source: Range<usize>,
}

/// The part of a segment in one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentPart {
    /// Index of the message in [`crate::Rendered::turns`].
    pub turn: usize,
    /// Bytes of the message's text, without the white space around them; not empty.
    pub range: Range<usize>,
}

/// The kind of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SegmentKind {
    /// A sentence, or a line that is no sentence.
    Sentence,
    /// A list item with its marker, without the lists inside it.
    ListItem,
    /// A few-shot example: an element `<example>`, lines with labels that repeat (`Q:`, `A:`), or
    /// a question with its answer as two messages.
    Example,
    /// A heading of Markdown, or the first row of a table.
    Heading,
    /// A further row of a table.
    TableRow,
    /// A code block.
    Code,
    /// A line of its own that only structures the text: the tag of an element, a rule.
    Markup,
}
