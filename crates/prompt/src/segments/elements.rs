//! Lines of XML-like tags, as prompts use them to mark their sections, and code fences.

use std::ops::Range;

use crate::segments::lines::{lines, trimmed};
use crate::segments::prompt_segment::SegmentKind;

/// Names of elements that hold one few-shot example.
const EXAMPLES: [&str; 5] = ["example", "sample", "shot", "demonstration", "demo"];

/// Returns the parts of a text that Markdown does not structure: fenced code, tags on lines of
/// their own, elements on one line, and elements that hold an example. They are in order and
/// disjoint.
pub(crate) fn elements(text: &str) -> Vec<(Range<usize>, SegmentKind)> {
    let mut found = Vec::new();
    let mut lines = lines(text, 0..text.len()).peekable();
    while let Some(line) = lines.next() {
        let content = trimmed(text, line.clone());
        let shown = &text[content.clone()];
        let end = if let Some(fence) = fence(shown) {
            closing_fence(text, line.end, fence).map(|end| (end, SegmentKind::Code))
        } else {
            element(text, content.clone())
        };
        let Some((end, kind)) = end else { continue };
        found.push((content.start..end, kind));
        while lines.next_if(|next| next.start < end).is_some() {}
    }
    found
}

/// Returns the marker of a fence that a line opens: its character and length.
fn fence(line: &str) -> Option<(char, usize)> {
    let mark = line.chars().next().filter(|first| "`~".contains(*first))?;
    let length = line.chars().take_while(|char| *char == mark).count();
    // Backticks after the marker make it code inside a line.
    let rest = line.get(length..).unwrap_or_default();
    (length >= 3 && !(mark == '`' && rest.contains('`'))).then_some((mark, length))
}

/// Returns the end of the line that closes a fence.
fn closing_fence(text: &str, from: usize, (mark, length): (char, usize)) -> Option<usize> {
    lines(text, from..text.len()).find_map(|line| {
        let content = trimmed(text, line);
        let shown = &text[content.clone()];
        let closes = shown.len() >= length && shown.chars().all(|char| char == mark);
        closes.then_some(content.end)
    })
}

/// Returns where the element ends that a line begins with: after the line for a tag or an element
/// on a line of its own, after the closing tag for an example. `None` for other lines.
fn element(text: &str, line: Range<usize>) -> Option<(usize, SegmentKind)> {
    let shown = &text[line.clone()];
    let (name, after) = tag(shown)?;
    if let Some(name) = name.strip_prefix('/') {
        return (!name.is_empty() && after.is_empty()).then_some((line.end, SegmentKind::Markup));
    }
    let closing = format!("</{name}>");
    if is_example(name) {
        let rest = text.get(line.start..).unwrap_or_default();
        let end = rest
            .find(&closing)
            .map(|at| line.start + at + closing.len());
        if let Some(end) = end {
            let at_line_end = text[end..].split('\n').next().unwrap_or_default();
            if at_line_end.trim().is_empty() {
                return Some((end, SegmentKind::Example));
            }
        }
    }
    if after.is_empty() {
        return Some((line.end, SegmentKind::Markup));
    }
    let is_one_element = after.ends_with(&closing) && after.matches(&closing).count() == 1;
    is_one_element.then_some((line.end, SegmentKind::Sentence))
}

/// Returns the name of the tag that a text begins with, a slash before the name of a closing tag
/// included, and the text after the tag.
fn tag(text: &str) -> Option<(&str, &str)> {
    let inside = text.strip_prefix('<')?;
    let (inside, after) = inside.split_once('>')?;
    let name = inside.split(|char: char| char.is_whitespace()).next()?;
    let is_name = |char: char| char.is_alphanumeric() || "_-.:".contains(char);
    let bare = name.strip_prefix('/').unwrap_or(name);
    let bare = bare.strip_suffix('/').unwrap_or(bare);
    let starts = bare.starts_with(|char: char| char.is_alphabetic() || char == '_');
    (starts && bare.chars().all(is_name) && !inside.contains('<')).then_some((name, after))
}

fn is_example(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let name = name.trim_end_matches(|char: char| char.is_ascii_digit() || "_-".contains(char));
    EXAMPLES.contains(&name)
}
