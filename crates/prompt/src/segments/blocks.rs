//! The blocks of a text as Markdown has them.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag};

use crate::segments::lines::{is_blank, trimmed};
use crate::segments::prompt_segment::SegmentKind;

/// A block and how it becomes segments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TextBlock {
    /// One segment.
    Whole(Range<usize>, SegmentKind),
    /// Text that is cut into sentences.
    Text(Range<usize>),
}

impl TextBlock {
    /// Its bytes.
    pub(crate) fn range(&self) -> &Range<usize> {
        match self {
            Self::Whole(range, _) | Self::Text(range) => range,
        }
    }
}

/// Returns the blocks of `text[range]`, in order and disjoint. They cover everything in it that is
/// not white space.
pub(crate) fn blocks(text: &str, range: Range<usize>) -> Vec<TextBlock> {
    let chunk = text.get(range.clone()).unwrap_or_default();
    let parser = Parser::new_ext(chunk, Options::ENABLE_TABLES);
    let starts: Vec<(Tag<'_>, Range<usize>)> = parser
        .into_offset_iter()
        .filter_map(|(event, at)| {
            let at = range.start + at.start..range.start + at.end;
            match event {
                Event::Start(tag) => Some((tag, at)),
                // A rule has no start and end.
                Event::Rule => Some((Tag::HtmlBlock, at)),
                _ => None,
            }
        })
        .collect();
    let mut found = Vec::new();
    let mut done = range.start;
    for (index, (tag, at)) in starts.iter().enumerate() {
        if at.start < done {
            continue;
        }
        let block = match tag {
            Tag::Heading { .. } | Tag::TableHead => {
                TextBlock::Whole(at.clone(), SegmentKind::Heading)
            }
            Tag::TableRow => TextBlock::Whole(at.clone(), SegmentKind::TableRow),
            Tag::CodeBlock(CodeBlockKind::Fenced(_)) => {
                TextBlock::Whole(at.clone(), SegmentKind::Code)
            }
            Tag::HtmlBlock if is_rule(&text[at.clone()]) => {
                TextBlock::Whole(at.clone(), SegmentKind::Markup)
            }
            // Prompts indent text inside their elements, and mean no code by it.
            Tag::Paragraph | Tag::CodeBlock(CodeBlockKind::Indented) | Tag::HtmlBlock => {
                TextBlock::Text(at.clone())
            }
            Tag::Item => {
                let inside = starts[index + 1..]
                    .iter()
                    .take_while(|(_, inner)| inner.start < at.end);
                let mut lists = inside.filter(|(tag, _)| matches!(tag, Tag::List(_)));
                let end = lists.next().map_or(at.end, |(_, list)| list.start);
                TextBlock::Whole(at.start..end, SegmentKind::ListItem)
            }
            _ => continue,
        };
        between(text, done..at.start, &mut found);
        done = block.range().end;
        push(text, &block, &mut found);
    }
    between(text, done..range.end, &mut found);
    found
}

/// Appends a block without the white space around it.
fn push(text: &str, block: &TextBlock, found: &mut Vec<TextBlock>) {
    let range = trimmed(text, block.range().clone());
    if range.is_empty() {
        return;
    }
    found.push(match block {
        TextBlock::Whole(_, kind) => TextBlock::Whole(range, *kind),
        TextBlock::Text(_) => TextBlock::Text(range),
    });
}

/// Appends what no block contains: definitions of links, the marks of quotations, the dashes below
/// the first row of a table.
fn between(text: &str, range: Range<usize>, found: &mut Vec<TextBlock>) {
    if is_blank(text, range.clone()) {
        return;
    }
    let has_words = text[range.clone()].chars().any(char::is_alphanumeric);
    match found.last_mut() {
        Some(TextBlock::Whole(last, SegmentKind::Heading)) if !has_words => {
            last.end = trimmed(text, range).end;
        }
        _ if has_words => push(text, &TextBlock::Text(range), found),
        _ => push(text, &TextBlock::Whole(range, SegmentKind::Markup), found),
    }
}

/// Returns whether a block is a rule, such as `---`.
fn is_rule(block: &str) -> bool {
    !block.chars().any(char::is_alphanumeric)
}
